"""What training and scoring share: reading a table, and its features as the model takes them."""

import pandas as pd

FEATURES = [
    "price", "discount", "day_of_week", "month", "size_sqm", "lag_7", "lag_14", "mean_28", "region", "category",
]
REGIONS = ["centre", "east", "north", "south", "west"]
CATEGORIES = [
    "bakery", "beauty", "dairy", "drinks", "frozen", "household", "meat", "pet", "produce", "snacks",
]


def read(path):
    return pd.read_csv(path) if path.endswith(".csv") else pd.read_parquet(path)


def features(table):
    codes = {
        "region": pd.Categorical(table["region"], REGIONS).codes,
        "category": pd.Categorical(table["category"], CATEGORIES).codes,
    }
    return table.assign(**codes)[FEATURES].to_numpy("float32")
