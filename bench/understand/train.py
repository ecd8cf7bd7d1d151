#!/usr/bin/env python3
"""Learns data/learned.bin from labelled calls and sayings: train.py [--check] (needs numpy; no build does).

The features of a sentence come from the program itself (build/release/bench/understand --features), so that both sides
see the same words. The model: each sentence i of a call speaks for trade c with odds e[i][c] = exp((w[c] - w[none])·x[i]); the call is
of trade c with probability sum_i e[i][c] / (1 + sum over all). A saying is a call of one sentence, so one model learns
from both. --check learns without insight-weigh.jsonl and insight-city.jsonl, tells what rules and table make of it together, and prints the weights that
src/understand/service.c gives them.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
DATA = os.path.join(HERE, "..", "data")

# Labels that are other words for services of ours, beside the names that services.txt has.
ALIASES = {"car-mechanic": "mechanic", "tree-service": "gardener", "tree-trimming": "gardener", "snake-catcher": "pest-control",
           "alarm-systems": "security", "upholstery-cleaning": "carpet-cleaning", "aluminum": "aluminium",
           "inflatables": "equipment-rental", "nanny": "babysitter", "dog-groomer": "pet-grooming", "confectioner": "cake"}


SEEDS = 3
WHOLE = 40  # sentences of the caller that are also looked at together (KOL_LEARNED_WHOLE)


class Item:
    """A call or a saying."""

    def __init__(self, source, label, text, name=""):
        self.source, self.label, self.text, self.name = source, label, text, name
        self.spans, self.agent, self.rules, self.greeting, self.asked, self.asks, self.kind, self.weight = [], [], {}, {}, {}, {}, "", 1.0


def fold(name):
    for final, inner in zip("ךםןףץ", "כמנפצ"):
        name = name.replace(final, inner)
    return re.sub(r"[\s\-'\"]", "", name.lower().replace("יי", "י").replace("וו", "ו"))


def read_services():
    """(ids in order, folded name -> id)"""
    ids, names, current = [], {}, None
    with open(f"{ROOT}/data/services.txt", encoding="utf-8") as f:
        for line in f:
            word, _, rest = line.strip().partition(" ")
            if word == "service":
                current = rest.strip()
                if current not in ids:
                    ids.append(current)
                names.setdefault(fold(current), current)
            elif word in ("he", "en", "name") and current:
                for cue in rest.split(";"):
                    if "+" not in cue and "{" not in cue:
                        for one in cue.split("/"):
                            names.setdefault(fold(one), current)
    return ids, names


def label_of(call, ids, names):
    """The id of a labelled call's service, "none", or None for a trade that we do not have."""
    if not call["service"] and not call["service_en"]:
        return "none"
    for key in (call["service_en"], call["service"]):
        if key in ids:
            return key
        if key in ALIASES:
            return ALIASES[key]
        if key and fold(key) in names:
            return names[fold(key)]
    return None


def read_calls(ids, names, parts):
    items, unknown = [], []
    for part in parts:
        with open(f"{DATA}/insight-{part}.jsonl", encoding="utf-8") as f:
            for line in f:
                call = json.loads(line)
                label = label_of(call, ids, names)
                source = part if part != "train" else call["id"].split("-")[0]
                if label:
                    items.append(Item(source, label, call["transcript"].replace("\n", "\\n"), call["id"]))
                else:
                    unknown.append(call["service_en"])
    if unknown:
        print("labels without a service of ours:", sorted(set(unknown)))
    return items


def read_sayings(paths, ids):
    items = []
    for path, source in paths:
        with open(path, encoding="utf-8") as f:
            for line in f:
                parts = line.rstrip("\n").split("\t")
                if line.startswith("#") or len(parts) < 2:
                    continue
                label, text = parts[0], parts[-1]
                if label in ids or label == "none":
                    items.append(Item(source, label, text))
                else:
                    print(f"{path}: no service {label!r}: {text}")
    return items


# --- what services.txt knows, as sayings ---

def say_cues(text, rng, times):
    """(service, words) for every cue of services.txt: one alternative of each part, in any order."""
    sets, current, ret = {}, None, []
    for line in text.split("\n"):
        word, _, rest = line.strip().partition(" ")
        if word == "set":
            name, _, words = rest.partition("=")
            sets[name.strip()] = words.strip()
        elif word == "service":
            current = rest.strip()
        elif word in ("he", "en", "name", "does", "sign", "thing") and current:
            for cue in rest.split(";"):
                cue = re.sub(r"\{(\w+)\}", lambda m: sets[m[1]], cue)
                parts = [[a.strip().rstrip("*") for a in part.split("/") if a.strip()] for part in cue.split("+")]
                for _ in range(min(times, max(len(p) for p in parts))):
                    chosen = [rng.choice(p) for p in parts if p]
                    hebrew = [bool(re.search("[א-ת]", c)) for c in chosen]
                    if chosen and (all(hebrew) or not any(hebrew)):
                        rng.shuffle(chosen)
                        ret.append((current, " ".join(chosen)))
    return sorted(set(ret))


# --- features ---

def add_features(items, program):
    """Fills spans (arrays of hashes), the rules' points and the kind of every item."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as f:
        for item in items:
            f.write(f"{item.label}\t{item.text}\n")
        f.flush()
        out = subprocess.run([program, "--features", f.name], capture_output=True, check=True).stdout
    at = -1
    for line in out.split(b"\n"):
        if line.startswith(b"call\t"):
            at += 1
            items[at].kind = line.split(b"\t")[2].decode()
            items[at].spans, items[at].agent = [], []
        elif line.startswith((b"rules", b"greeting", b"asked", b"asks")):
            setattr(items[at], line.split()[0].decode(),
                    {k: float(v) for k, v in (x.decode().rsplit(":", 1) for x in line.split()[1:])})
        elif line.startswith(b"span"):
            parts = line.split()
            items[at].spans.append(np.array(parts[2:], dtype=np.uint32))
            items[at].agent.append(int(parts[1]))
    assert at + 1 == len(items)


# --- the model ---

class Model:
    """Hyper-parameters were chosen by leaving out one batch of insight-train.jsonl at a time, bits with insight-weigh.jsonl."""

    bits, epochs, rate, power = 18, 6, 2.0, 0.5
    agent_loses = 1.0  # log odds: what the business says teaches less

    def __init__(self, classes):
        self.classes = classes
        self.number = {c: i for i, c in enumerate(classes)}
        self.w = np.zeros((1 << self.bits, len(classes) + 1), dtype=np.float32)  # the last one: none

    def buckets(self, item):
        mask = (1 << self.bits) - 1
        spans = [(s, a) for s, a in zip(item.spans, item.agent) if len(s) > 1]
        ret = [np.unique(s & mask).astype(np.int64) for s, _ in spans]
        off = [-self.agent_loses if a else 0.0 for _, a in spans]
        caller = [r for r, o in zip(ret, off) if o == 0][:WHOLE]
        if len(caller) > 1:
            ret.append(np.unique(np.concatenate(caller)))
            off.append(0.0)
        return ret, np.array(off, dtype=np.float32)[:, None]

    def value(self, n):
        return np.float32(1.0 / n ** self.power)

    def odds(self, spans):
        """log e[i][c]"""
        z = np.array([self.w[s].sum(axis=0) * self.value(len(s)) for s in spans], dtype=np.float32)
        return z[:, :-1] - z[:, -1:]

    def fit(self, items, epochs=None, seed=1):
        """AdaGrad with one rate per bucket."""
        rng = random.Random(seed)
        data = [(self.buckets(i), self.number.get(i.label, -1), i.weight) for i in items]
        order = [k for k in range(len(data)) if data[k][0][0]]
        seen = np.full(1 << self.bits, 1e-3, dtype=np.float32)
        total, step = (epochs or self.epochs) * len(order), 0
        for _ in range(epochs or self.epochs):
            rng.shuffle(order)
            for k in order:
                (spans, off), y, weight = data[k]
                rate = self.rate * (1 - step / total) * weight
                step += 1
                share, p, _ = self.together(self.odds(spans) + off)
                if y >= 0:
                    p[y] -= 1
                slope = share * p
                slope = np.hstack([slope, -slope.sum(axis=1, keepdims=True)]).astype(np.float32)
                for s, g in zip(spans, slope):
                    v = self.value(len(s))
                    seen[s] += v * v * float(g @ g)
                    self.w[s] -= (np.float32(rate) * v / np.sqrt(seen[s]))[:, None] * g
        return self

    def predict(self, item):
        """(probabilities of the trades, probability of none)"""
        spans, off = self.buckets(item)
        if not spans:
            return np.zeros(len(self.classes)), 1.0
        return self.together(self.odds(spans) + off)[1:]

    def together(self, u):
        """(share of each sentence in each trade, probabilities of the trades, probability of none)"""
        top = u.max(axis=0)
        e = np.exp(u - top)
        sums = e.sum(axis=0)
        log_odds = top + np.log(sums)
        peak = max(0.0, float(log_odds.max()))
        p = np.exp(log_odds - peak)
        whole = np.exp(-peak) + p.sum()
        return e / sums, p / whole, float(np.exp(-peak) / whole)

    def quantise(self, pairs):
        """Leaves the largest weights, as whole numbers of -127 to 127 times the scale that is returned."""
        size = np.abs(self.w)
        least = np.partition(size.ravel(), -pairs)[-pairs] if pairs < size.size else 0
        top = float(np.quantile(size[size >= least], 0.999))
        scale = round(top / 127 * 1e6) / 1e6
        self.whole = np.clip(np.rint(np.where(size >= least, self.w, 0) / scale), -127, 127).astype(np.int8)
        self.w = self.whole.astype(np.float32) * np.float32(scale)
        return scale

    def write(self, path, scale, comment):
        counts = (self.whole != 0).sum(axis=1)
        assert counts.max() < 256
        head = f"# {comment}\nkol-learned 1 bits {self.bits} scale {round(scale * 1e6)}\n{' '.join(self.classes)}\n"
        rows, columns = np.nonzero(self.whole)
        pairs = np.column_stack([columns.astype(np.uint8), self.whole[rows, columns].view(np.uint8)])
        with open(path, "wb") as f:
            f.write(head.encode() + counts.astype(np.uint8).tobytes() + pairs.tobytes())


def learn(ids, items):
    """
    Learns twice: what the first model hears nothing of the trade in, in calls where it hears it in another sentence,
    is talk ("my number is ...") and becomes "none" for the second one.
    """
    items = items + [i for i in items if i.name]  # calls twice: they are what it is for
    first = Model(ids).fit(items, epochs=3)
    talk, seen = [], set()
    for item in items:
        if item.label == "none" or not item.name:
            continue
        heard = []
        for span, agent in zip(item.spans, item.agent):
            if len(span) > 1:
                one = Item("talk", "none", "")
                one.spans, one.agent, one.weight = [span], [agent], 0.5
                heard.append((first.predict(one)[0][first.number[item.label]], one))
        if heard and max(p for p, _ in heard) > 0.3:
            talk += [one for p, one in heard if p < 0.04]
    talk = [t for t in talk if not (t.spans[0].tobytes() in seen or seen.add(t.spans[0].tobytes()))]
    model = Model(ids)
    for seed in range(SEEDS):  # the order of the items is chance: a mean of several is steadier
        model.w += Model(ids).fit(items + talk, seed=seed).w / SEEDS
    return model


# --- what the rules, the business's name and the table make of calls together, as service.c does ---

WAYS = ("once", "together", "greeted")
TERMS = ("points", "greeting", "asked", "lead", "none", "asks") + WAYS
LEAST_LOG_P, DROWNED, THRESHOLD, LEAST_PROBABILITY = -9.0, -2.0, 3.0, 0.4


def log_p(odds):
    """Log probabilities of the trades, and of none after them."""
    top = odds.max(axis=0)
    z = np.append(top + np.log(np.exp(odds - top).sum(axis=0)), 0.0)
    return np.maximum(z - z.max() - np.log(np.exp(z - z.max()).sum()), LEAST_LOG_P)


def forget_denied(heard, points):
    """What is denied is not heard; what the rules name beside it was drowned."""
    if points.min() >= 0:
        return heard
    return np.where(points < 0, LEAST_LOG_P, np.where(points >= THRESHOLD, np.maximum(heard, DROWNED), heard))


def terms_of(item, model):
    """[trade or none][term]: what is weighed."""
    mask = (1 << model.bits) - 1
    spans = [(np.unique(s & mask).astype(np.int64), a) for s, a in zip(item.spans, item.agent) if len(s) > 1]
    caller, greeting = [s for s, a in spans if a == 0], [s for s, a in spans if a == 2]
    ways = [caller, [np.unique(np.concatenate(caller[:WHOLE]))] if caller else [], greeting]
    points, name, asked = ([d.get(c, 0.0) for c in model.classes] + [0.0] for d in (item.rules, item.greeting, item.asked))
    both = np.add(points, name)
    lead = np.zeros(len(both))
    if both.max() >= THRESHOLD:
        lead[both.argmax()] = 1
    none = np.zeros(len(both))
    none[-1] = 1
    asks = none * len(item.asks)
    heard = [forget_denied(log_p(model.odds(w)) if w else np.zeros(len(both)), both) for w in ways]
    return np.array([np.minimum(points, 25), np.minimum(name, 8), asked, lead, none, asks, *heard]).T


def fit_weights(data, loss_of_size=0.005):
    """Newton's method: weights of the terms under which the true trades are likeliest."""
    scale = np.array([5.0, 5.0] + [1.0] * (len(TERMS) - 2))  # so that one size fits all
    w = np.zeros(len(TERMS))
    data = [(terms / scale, y) for terms, y, asks, _ in data if asks]
    for _ in range(30):
        slope, bend = loss_of_size * len(data) * w, loss_of_size * len(data) * np.eye(len(w))
        for terms, y in data:
            z = terms @ w
            p = np.exp(z - z.max())
            p /= p.sum()
            mean = p @ terms
            slope = slope + mean - terms[y]
            bend = bend + (terms * p[:, None]).T @ terms - np.outer(mean, mean)
        step = np.linalg.solve(bend, slope)
        w = w - step / max(1.0, np.abs(step).max())
    return w / scale


def judge(data, weights_of):
    """(what is said or none, what is right or none, probability of the likeliest trade) of every call."""
    ret = []
    for terms, y, asks, number in data:
        z = terms @ weights_of(number)
        p = np.exp(z - z.max())
        p /= p.sum()
        best, none = p[:-1].argmax(), len(p) - 1
        ret.append((best if asks and p[best] >= LEAST_PROBABILITY else none, y, p[best] if asks else 0.0))
    return ret, none


def print_figures(judged, none):
    """F1 of the service, share of nulls kept, and whether probabilities mean what they say."""
    right = sum(got == y != none for got, y, _ in judged)
    said, wanted = sum(got != none for got, _, _ in judged), sum(y != none for _, y, _ in judged)
    kept = np.mean([got == none for got, y, _ in judged if y == none])
    print(f"rules and table: F1 {2 * right / (said + wanted):.3f}, null kept {kept:.2f}, "
          f"Brier score {np.mean([(p - (got == y)) ** 2 for got, y, p in judged if got != none]):.4f}")
    for low, high in ((LEAST_PROBABILITY, 0.65), (0.65, 0.8), (0.8, 0.9), (0.9, 0.97), (0.97, 1.01)):
        part = [(p, got == y) for got, y, p in judged if got != none and low <= p < high]
        if part:
            print(f"  said {np.mean([p for p, _ in part]):.2f}  right {np.mean([r for _, r in part]):.2f}  of {len(part)}")


def check(ids, model, calls):
    """Fits the weights of service.c to calls that the table did not learn from; each quarter is judged by the others' weights."""
    data = [(terms_of(c, model), model.number.get(c.label, len(ids)), c.kind == "request", i) for i, c in enumerate(calls)]
    alone = np.mean([d[0][:-1, TERMS.index("together")].argmax() == d[1] for d in data if d[1] < len(ids)])
    print(f"the table alone: {alone:.3f}")
    quarters = [fit_weights([d for d in data if d[3] % 4 != q]) for q in range(4)]
    print_figures(*judge(data, lambda i: quarters[i % 4]))
    for term, weight in zip(TERMS, fit_weights(data)):
        print(f"  {term:9} {weight:6.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true",
                        help="leave out insight-weigh.jsonl and insight-city.jsonl, fit the weights of service.c to them; writes nothing")
    parser.add_argument("--program", default=f"{ROOT}/build/release/bench/understand")
    parser.add_argument("--out", default=f"{ROOT}/data/learned.bin")
    parser.add_argument("--pairs", type=int, default=3_000_000, help="weights that are kept")
    args = parser.parse_args()
    ids, names = read_services()
    calls = read_calls(ids, names, ("dev", "extra", "fresh", "train"))
    weighed = read_calls(ids, names, ("weigh", "city"))
    sayings = read_sayings([(f"{DATA}/phrases-service.tsv", "phrases"), (f"{DATA}/sayings.tsv", "sayings")], ids)
    with open(f"{ROOT}/data/services.txt", encoding="utf-8") as f:
        cues = [Item("cues", label, words) for label, words in say_cues(f.read(), random.Random(1), 4)]
    add_features(calls + weighed + sayings + cues, args.program)
    for c in calls + weighed:
        c.weight = 2.0 if c.label == "none" else 1.0
    if args.check:
        check(ids, learn(ids, calls + sayings + cues), weighed)
        return
    calls += weighed
    model = learn(ids, calls + sayings + cues)
    scale = model.quantise(args.pairs)
    model.write(args.out, scale, f"Made by bench/understand/train.py of {len(calls)} calls, {len(sayings)} sayings and "
                f"{len(cues)} cues of services.txt; not to be edited.")
    print(f"{args.out}: {os.path.getsize(args.out)} bytes")


if __name__ == "__main__":
    main()
