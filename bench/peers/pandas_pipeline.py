"""The same job with pandas, scikit-learn and redis-py: TABLE MODEL.pickle OUTPUT.csv HOST PORT"""

import pickle
import sys

import redis

from pandas_features import features, read

ROWS_OF_A_PIPELINE = 10_000

table_path, model_path, output_path, host, port = sys.argv[1:]
table = read(table_path)
with open(model_path, "rb") as file:
    model = pickle.load(file)
table["sales"] = model.predict(features(table))

# Without PyArrow pandas writes no Parquet.
predictions = table[["store", "product", "date", "sales"]]
predictions.to_csv(output_path, index=False)

pipeline = redis.Redis(host, int(port)).pipeline(transaction=False)
for number, (store, product, date, sales) in enumerate(predictions.itertuples(index=False), start=1):
    pipeline.hset(f"sales:{store}:{product}", date, sales)
    if number % ROWS_OF_A_PIPELINE == 0:
        pipeline.execute()
pipeline.execute()
print(len(predictions))
