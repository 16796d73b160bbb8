"""Accuracy figures by NumPy and scikit-learn, for a chain of three stores that is made up here.

Writes made.csv (predictions), came.csv (actuals) and expected.json (figures), which the test compares with.
Run it with Debian's python3-sklearn: /usr/bin/python3 score.py
"""
import csv
import datetime
import json
import math

import numpy as np
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

ORIGIN = datetime.date(2026, 11, 21)
DAY = datetime.timedelta(days=1)
random = np.random.default_rng(20261121)


def make():
    actuals, predictions = {}, []
    for store in (1, 2, 3):
        for product in ('apple', "o'neil", 'ünder', 'zero'):
            level = random.uniform(2, 40)
            for back in range(60, -8, -1):
                day = ORIGIN - back * DAY
                season = 1 + 0.4 * math.sin(2 * math.pi * day.weekday() / 7)
                y = float(random.poisson(level * season))
                if product == 'zero':
                    y = 0.0 if store == 1 else 5.0  # no scale: nothing ever changes
                if store == 2 and product == 'apple' and back > 30:
                    y = 0.0  # not sold before
                if store == 3 and product == 'ünder' and 0 < back <= 40:
                    continue  # no naive forecast
                if store == 2 and product == 'ünder' and back in (1, 8, 15):
                    continue  # the naive forecast is four weeks old
                actuals[store, product, day] = y
            for ahead in range(7):
                day = ORIGIN + ahead * DAY
                p = float(np.float32(max(0.0, random.normal(level, 3))))
                predictions.append([store, product, day, p, p - 4.5, p + 5.25])
    del actuals[3, 'apple', ORIGIN + 6 * DAY]
    del actuals[3, "o'neil", ORIGIN + 2 * DAY]
    predictions[3][3] = math.nan
    return actuals, predictions


def known(actuals, store, product):
    return sorted((day, y) for (s, p, day), y in actuals.items() if (s, p) == (store, product) and day < ORIGIN)


def naive_of(history, day):
    near = [y for at, y in history if at.weekday() == day.weekday() and at >= ORIGIN - 28 * DAY]
    return near[-1] if near else math.nan


def scale_of(history):
    values = np.array([y for _, y in history])
    sold = np.flatnonzero(values)
    if len(sold) == 0 or sold[0] >= len(values) - 1:
        return math.nan
    return float(np.mean(np.diff(values[sold[0]:]) ** 2))


def share(a, b):
    return None if b == 0 else a / b


def mean(values):
    return None if len(values) == 0 else float(np.mean(values))


def figures(rows):
    y, p, naive, scale, low, high = (np.array([row[i] for row in rows], dtype=float) for i in range(6))
    ok = np.isfinite(y) & np.isfinite(p)
    beside = ok & np.isfinite(naive)
    scaled = ok & (scale > 0)
    has = np.isfinite(y)
    error, naive_error = np.abs(p - y), np.abs(naive - y)
    return {
        'predictions': len(rows),
        'scored': int(ok.sum()),
        'wape': share(error[ok].sum(), np.abs(y[ok]).sum()) if ok.any() else None,
        'mae': float(mean_absolute_error(y[ok], p[ok])) if ok.any() else None,
        'bias': mean((p - y)[ok]),
        'biasShare': share((p - y)[ok].sum(), np.abs(y[ok]).sum()) if ok.any() else None,
        'rmsse': math.sqrt(np.mean(((p - y) ** 2 / scale)[scaled])) if scaled.any() else None,
        'naive': {
            'scored': int(beside.sum()),
            'wape': share(naive_error[beside].sum(), np.abs(y[beside]).sum()) if beside.any() else None,
            'mae': mean(naive_error[beside]),
            'rmsse': math.sqrt(np.mean(((naive - y) ** 2 / scale)[beside & (scale > 0)]))
            if (beside & (scale > 0)).any()
            else None,
            'skill': (lambda d: None if d is None else 1 - d)(
                share(error[beside].sum(), naive_error[beside].sum())
            )
            if beside.any()
            else None,
        },
        'quantiles': [
            {
                'pinball': float(mean_pinball_loss(y[has], q[has], alpha=alpha)) if has.any() else None,
                'below': mean((y <= q)[has]),
            }
            for alpha, q in ((0.1, low), (0.9, high))
        ],
        'interval': {'coverage': mean(((low <= y) & (y <= high))[has]), 'width': mean((high - low)[has])},
    }


def main():
    actuals, predictions = make()
    rows = []
    for store, product, day, p, low, high in predictions:
        history = known(actuals, store, product)
        rows.append(
            {
                'store': str(store),
                'product': product,
                'horizon': str((day - ORIGIN).days + 1),
                'weekday': day.strftime('%A'),
                'values': (
                    actuals.get((store, product, day), math.nan),
                    p,
                    naive_of(history, day),
                    scale_of(history),
                    low,
                    high,
                ),
            }
        )
    expected = {'whole ': figures([row['values'] for row in rows])}
    for by in ('store', 'product', 'horizon', 'weekday'):
        for segment in sorted({row[by] for row in rows}):
            expected[f'{by} {segment}'] = figures([row['values'] for row in rows if row[by] == segment])
    with open('made.csv', 'w', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(['store', 'product', 'date', 'sales', 'p10', 'p90'])
        writer.writerows(predictions)
    with open('came.csv', 'w', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(['store', 'product', 'date', 'sold'])
        writer.writerows([store, product, day, y] for (store, product, day), y in actuals.items())
    with open('expected.json', 'w') as file:
        json.dump(expected, file, indent=1, ensure_ascii=False)
        file.write('\n')


main()
