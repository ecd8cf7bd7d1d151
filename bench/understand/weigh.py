#!/usr/bin/env python3
"""Would learned points choose the town better? bench/understand/weigh.py [BENCH_PROGRAM] [FILE.jsonl ...]

Fits the points of src/understand/city_rules.h as a conditional logistic model: of the towns named in a call, and none, the
labelled one is the likeliest. What pulls the points back is either the hand-set table or zero. Each batch of calls is judged by
points that were fitted without it. Prints, for each pull, the share of calls with the right town (or rightly none) and the log loss,
then the points that would change most.
"""
import json
import math
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
THRESHOLD, THRESHOLD_ALONE = 2.2, 0.9  # of city.c
ROUNDS, STEP = 150, 0.25


def name_key(name):
    name = re.sub(r"[^0-9a-z\u05d0-\u05ea]", "", (name or "").lower())
    return name.replace("יי", "י")


def hand_points():
    with open(os.path.join(HERE, "..", "..", "src", "understand", "city_rules.h"), encoding="utf-8") as f:
        return {m[1]: float(m[2]) for m in re.finditer(r"\bX\((\w+), (-?[\d.]+),", f.read())}


def read_calls(program, files):
    """A call: batch, index of the right place (-1 none), places as lists of mentions, threshold."""
    labels = {}
    for path in files:
        with open(path, encoding="utf-8") as f:
            for line in f:
                call = json.loads(line)
                batch = os.path.basename(path)[:-6] + " " + re.match(r"[a-z]+\d?", call["id"])[0].rstrip("hem")
                labels[call["id"]] = (batch, name_key(call["city"]))
    out = subprocess.run([program, "--strengths", *files], capture_output=True, text=True, check=True).stdout
    named = {}
    for line in out.splitlines():
        if line.startswith("mention\t"):
            _, call, en, he, people, denied, agent, sound, _, rules = line.split("\t")
            named.setdefault(call, []).append(
                {"place": (name_key(en), name_key(he)), "people": int(people), "denied": denied == "1",
                 "agent": agent == "1", "sound": float(sound), "rules": rules.split()})
    calls = []
    for call, mentions in named.items():
        batch, want = labels[call]
        places = {}
        for m in mentions:
            places.setdefault(m["place"], []).append(m)
        keys = list(places)
        right = next((i for i, k in enumerate(keys) if want and want in k), -1)
        if want and right < 0:
            continue  # not found: no points help
        alone = len(keys) == 1 and not mentions[0]["agent"]
        calls.append((batch, right, [places[k] for k in keys], THRESHOLD_ALONE if alone else THRESHOLD))
    return calls


def standing(mentions, w):
    """Score of a place, as sum_up() of city.c has it, and how much each rule adds to it."""
    points = [sum(w[r] for r in m["rules"]) - m["sound"] for m in mentions]
    best = max(range(len(points)), key=points.__getitem__)
    denied, others, slope = False, 0.0, {}
    for i, m in enumerate(mentions):
        denied = True if m["denied"] else denied and points[i] <= 4
        if i != best and points[i] > 0:
            others += points[i]
        share = 1.0 if i == best else 0.25 if points[i] > 0 else 0.0
        for r in m["rules"]:
            slope[r] = slope.get(r, 0.0) + share
    score = points[best] + min(10.0, others) * 0.25 - 6 * denied + 0.08 * math.log10(1 + mentions[0]["people"])
    return score, slope


def judge(call, w):
    """Loss, whether the choice is right, and the slope of the loss."""
    _, right, places, threshold = call
    found = [standing(p, w) for p in places] + [(threshold, {})]
    right = right if right >= 0 else len(places)
    top = max(s for s, _ in found)
    weights = [math.exp(max(-50.0, s - top)) for s, _ in found]
    total, slope = sum(weights), {}
    for i, (_, part) in enumerate(found):
        d = weights[i] / total - (i == right)
        for r, share in part.items():
            slope[r] = slope.get(r, 0.0) + d * share
    return -math.log(weights[right] / total), found[right][0] == top, slope


def fit(calls, centre, pull):
    w, gathered = dict(centre), {r: 1e-6 for r in centre}
    for _ in range(ROUNDS):
        slope = {r: pull * (w[r] - centre[r]) for r in w}
        for call in calls:
            for r, d in judge(call, w)[2].items():
                slope[r] += d
        for r, d in slope.items():
            gathered[r] += d * d
            w[r] -= STEP * d / math.sqrt(gathered[r])
    return w


def measure(calls, w):
    judged = [judge(c, w) for c in calls]
    return sum(j[1] for j in judged), sum(j[0] for j in judged)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/release/bench/understand"
    data = os.path.join(HERE, "..", "data")
    files = sys.argv[2:] or [f"{data}/insight-{n}.jsonl" for n in ("dev", "extra", "fresh", "train", "city")]
    calls, hand = read_calls(program, files), hand_points()
    batches = sorted({c[0] for c in calls})
    print(f"{len(calls)} calls with a town named, {len(batches)} batches, {len(hand)} rules")
    settings = [("hand-set", None, 0)] + [(f"to the table {p:g}", hand, p) for p in (10, 3, 1)] + \
               [(f"to zero {p:g}", dict.fromkeys(hand, 0.0), p) for p in (1, 0.3)]
    for name, centre, pull in settings:
        right, loss, each = 0, 0.0, []
        for b in batches:
            mine = [c for c in calls if c[0] == b]
            w = fit([c for c in calls if c[0] != b], centre, pull) if centre else hand
            r, l = measure(mine, w)
            right, loss = right + r, loss + l
            each.append(f"{b} {r}/{len(mine)}")
        print(f"{name:20} right {right} of {len(calls)}  log loss {loss / len(calls):.4f}   {', '.join(each)}")
        sys.stdout.flush()
    learned = fit(calls, hand, 3)
    for r in sorted(hand, key=lambda r: -abs(learned[r] - hand[r]))[:15]:
        print(f"  {r:22} {hand[r]:5.1f} -> {learned[r]:5.2f}")


main()
