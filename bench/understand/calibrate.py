#!/usr/bin/env python3
"""Fits the curve of src/understand/confidence.h: bench/understand/calibrate.py [BENCH_PROGRAM]

Calls the rules were tuned on say too little about errors, so those of the later files enter as
the rules made of them at first sight (bench/data/first-sight.tsv), and each weighs as four others. Prints the reliability table and
the Brier score by ten-fold cross-validation (whole calls are held out), then the curve to paste.
The curve of the service only tells in which of the calls of first-sight.tsv the service was clear; today's service says it itself.
"""
import math
import os
import subprocess
import sys

TOPS = {"city": (9.0, 4.0, 4.0), "service": (20.0, 8.0, 4.0)}
MOST = {"city": 0.97, "service": 0.97}  # no more was measured on calls never seen
# With another town in play, however far behind, 14 of 17 were right at first sight: (14 + 1) / (17 + 2).
MOST_RIVALS = {"city": 0.79, "service": 0.97}
# Leads from which a town may say more, where the service is clear and where it is not: 99 of 100 were right at first sight.
SURE_LEAD = {"city": (4.0, 6.0), "service": (0.0, 0.0)}
CLEAR_SERVICE = 0.9
RIDGE = 0.02
FOLDS = 10
FIRST_SIGHT_WEIGHS = 4.0


def read(lines, tops, weight, services):
    """(field, call, features, right, weight) of every value; features are cut as in confidence.h; the last says "not sure"."""
    rows = []
    for line in lines:
        field, call, right, *numbers = line.split("\t")[:6]
        cut = [min(float(x), top) for x, top in zip(numbers, tops[field])]
        doubt = services.get(call, 0.0) < CLEAR_SERVICE
        sure = float(numbers[2]) <= 0 and float(numbers[1]) >= SURE_LEAD[field][doubt]
        rows.append((field, call, [1.0] + cut + [not sure], float(right), weight))
    return rows


def probability(weights, features, most):
    x = sum(w * f for w, f in zip(weights, features))  # all but the last
    return most[features[4]] / (1 + math.exp(-max(-30.0, min(30.0, x))))


def fit(rows, most):
    """Weights of the least Brier score; points and lead never count against a value, rivals never for it."""
    weights = [0.0, 0.2, 0.2, 0.0]
    step = 0.5
    total = sum(r[4] for r in rows)
    for _ in range(1500):
        slope = [0.0] * 4
        for _, _, features, right, weight in rows:
            p = probability(weights, features, most)
            most_here = most[features[4]]
            d = weight * (p - right) * p * (1 - p / most_here) / total
            for i, f in enumerate(features[:4]):
                slope[i] += d * f
        for i in range(4):
            pull = RIDGE * weights[i] / total if i else 0.0
            weights[i] -= step * (slope[i] + pull)
        weights[1], weights[2] = max(0.0, weights[1]), max(0.0, weights[2])
        weights[3] = min(0.0, weights[3])
    return weights


def brier(pairs):
    return sum((p - r) ** 2 for p, r in pairs) / max(1, len(pairs))


def report(title, pairs):
    print(f"{title}: {len(pairs)} values, Brier score {brier(pairs):.4f}")
    for low, high in ((0, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 1.01)):
        part = [(p, r) for p, r in pairs if low <= p < high]
        if part:
            said = sum(p for p, _ in part) / len(part)
            right = sum(r for _, r in part) / len(part)
            print(f"  said {said:.2f}  right {right:.2f}  of {len(part)}")


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/release/bench/understand"
    data = os.path.join(os.path.dirname(__file__), "..", "data")
    now = subprocess.run(
        [program, "--strengths", f"{data}/insight-dev.jsonl", f"{data}/insight-extra.jsonl"],
        capture_output=True, text=True, check=True).stdout.splitlines()
    now = [line.split("\t", 1)[1] for line in now if line.startswith("strength\t")]
    with open(f"{data}/first-sight.tsv", encoding="utf-8") as f:
        first = [line.rstrip("\n") for line in f if not line.startswith("#")]
    seen = {line.split("\t")[1] for line in first}
    services = {}
    for field in ("service", "city"):
        today = read(now, TOPS, 1.0, services) if field == "city" else []
        rows = [r for r in today + read(first, TOPS, FIRST_SIGHT_WEIGHS, services) if r[0] == field]
        most = (MOST[field], MOST_RIVALS[field])
        calls = sorted({r[1] for r in rows}, key=lambda c: (hash_of(c), c))
        fold_of = {call: i % FOLDS for i, call in enumerate(calls)}
        held_out = []
        for k in range(FOLDS):
            weights = fit([r for r in rows if fold_of[r[1]] != k], most)
            held_out += [(r[1], probability(weights, r[2], most), r[3])
                         for r in rows if fold_of[r[1]] == k]
        report(f"{field}, cross-validated", [(p, r) for _, p, r in held_out])
        report(f"{field}, of which at first sight", [(p, r) for c, p, r in held_out if c in seen])
        w, top = fit(rows, most), TOPS[field]
        if field == "service":  # a town is surer where the service is; today's "points" of it are its probability
            services = {r[1]: probability(w, r[2], most) for r in rows}
            services.update({call: float(p) for f, call, _, p, *_ in (line.split("\t") for line in now) if f == "service"})
    print(f"static const struct kol_confidence_curve kol_confidence_of_city =\n"
          f"    {{{w[0]:.3f}, {w[1]:.3f}, {top[0]:g}, {w[2]:.3f}, {top[1]:g}, {w[3]:.3f}, "
          f"{top[2]:g}, {most[0]}, {most[1]}, {SURE_LEAD[field][0]:g}, {SURE_LEAD[field][1]:g}}};")


def hash_of(call):
    """The same folds on every machine."""
    return sum(ord(c) * 31 ** i for i, c in enumerate(call)) % 1009


main()
