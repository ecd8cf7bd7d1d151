#!/usr/bin/env python3
"""Learns data/learned.bin from labelled calls and sayings: train.py [--check] (needs numpy; no build does).

The features of a sentence come from the program itself (build/release/bench/understand --features), so that both sides
see the same words. The model: each sentence i of a call speaks for trade c with odds e[i][c] = exp((w[c] - w[none])·x[i]); the call is
of trade c with probability sum_i e[i][c] / (1 + sum over all). A saying is a call of one sentence, so one model learns
from both. --check learns without one batch of calls at a time and tells what it makes of them.
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
        self.spans, self.agent, self.rules, self.kind, self.weight = [], [], {}, "", 1.0


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


def read_calls(ids, names):
    items, unknown = [], []
    for part in ("dev", "extra", "fresh", "train"):
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


# --- words heard wrongly ---

SOUNDS = [set(s) for s in ("תטד", "קכח", "סשצז", "אעה", "בוו", "גכק", "פב", "מנ", "יא",
                           "ae", "ei", "ou", "td", "kcg", "sz", "bpv", "mn", "fv")]


def mishear(text, rng):
    """A letter lost, changed to one that sounds like it, or two words run together."""
    words = text.split(" ")
    for _ in range(max(1, len(words) // 5)):
        i = rng.randrange(len(words))
        w = words[i]
        if len(w) < 4 or w.startswith("\\") or w.endswith(":"):
            continue
        k = rng.randrange(len(w))
        way = rng.random()
        if way < 0.35:
            words[i] = w[:k] + w[k + 1:]
        elif way < 0.8:
            near = sorted({c for s in SOUNDS if w[k] in s for c in s} - {w[k]})
            if near:
                words[i] = w[:k] + rng.choice(near) + w[k + 1:]
        elif way < 0.9 and i + 1 < len(words) and "\\" not in words[i + 1]:
            words[i:i + 2] = [w + words[i + 1]]
        else:
            words[i] = w[:k] + " " + w[k:]
    return " ".join(words)


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
        elif line.startswith(b"rules"):
            items[at].rules = {k: float(v) for k, v in (x.decode().rsplit(":", 1) for x in line.split()[1:])}
        elif line.startswith(b"span"):
            parts = line.split()
            items[at].spans.append(np.array(parts[2:], dtype=np.uint32))
            items[at].agent.append(parts[1] == b"1")
    assert at + 1 == len(items)


# --- the model ---

class Model:
    """Hyper-parameters were chosen by leaving out one batch of insight-train.jsonl at a time (see --check)."""

    bits, epochs, rate, power = 16, 6, 2.0, 0.5
    agent_loses = 1.0  # AGENT_LOSES of learned.c

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


# --- what the rules and the model make of calls together, as learned.c and service.c do ---

def choose(item, p, none, ids, points=5.0, sharp=1.5, most_none=0.25, alone=0.1):
    """The trade, or "none"."""
    total = dict(item.rules)
    if none < (most_none if total and max(total.values()) >= 3 else min(alone, most_none)):
        share = p ** sharp
        share = share / share.sum()
        for i in np.argsort(-share)[:8]:
            total[ids[i]] = total.get(ids[i], 0) + points * share[i]
    best = max(total, key=total.get) if total else None
    return best if best and total[best] >= 3 and item.kind == "request" else "none"


def figures(results, ids, **how):
    """F1 of the service, share of nulls kept, and F1 of the rules alone."""
    right = wrong = missed = invented = nulls = 0
    for item, p, none in results:
        got = choose(item, p, none, ids, **how)
        nulls += item.label == "none"
        invented += item.label == "none" != got
        right += item.label == got != "none"
        missed += got == "none" != item.label
        wrong += "none" not in (got, item.label) and got != item.label
    return f"F1 {2 * right / max(1, 2 * right + 2 * wrong + missed + invented):.3f}, " \
        f"null kept {1 - invented / max(1, nulls):.2f} of {nulls}, wrong {wrong}, missed {missed}"


def check(ids, calls, others):
    """One batch of calls after the other is left out."""
    every = []
    for batch in ("extra", "fresh", "t1", "t2", "u1", "h1", "u2"):
        model = learn(ids, [c for c in calls if c.source != batch] + others)
        results = [(c,) + model.predict(c) for c in calls if c.source == batch]
        alone = np.mean([ids[p.argmax()] == c.label for c, p, _ in results if c.label != "none"])
        print(f"{batch}: trade alone {alone:.3f}; together {figures(results, ids)}", flush=True)
        every += results
    print(f"all: together {figures(every, ids)}; rules {figures(every, ids, most_none=-1)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="leave out one batch of calls at a time; writes nothing")
    parser.add_argument("--program", default=f"{ROOT}/build/release/bench/understand")
    parser.add_argument("--out", default=f"{ROOT}/data/learned.bin")
    parser.add_argument("--pairs", type=int, default=500_000, help="weights that are kept")
    args = parser.parse_args()
    ids, names = read_services()
    calls = read_calls(ids, names)
    sayings = read_sayings([(f"{DATA}/phrases-service.tsv", "phrases"), (f"{DATA}/sayings.tsv", "sayings")], ids)
    with open(f"{ROOT}/data/services.txt", encoding="utf-8") as f:
        cues = [Item("cues", label, words) for label, words in say_cues(f.read(), random.Random(1), 4)]
    add_features(calls + sayings + cues, args.program)
    for c in calls:
        c.weight = 2.0 if c.label == "none" else 1.0
    if args.check:
        check(ids, calls, sayings + cues)
        return
    model = learn(ids, calls + sayings + cues)
    scale = model.quantise(args.pairs)
    model.write(args.out, scale, f"Made by bench/understand/train.py of {len(calls)} calls, {len(sayings)} sayings and "
                f"{len(cues)} cues of services.txt; not to be edited.")
    right = np.mean([choose(c, *model.predict(c), ids) == c.label for c in calls])
    print(f"{args.out}: {os.path.getsize(args.out)} bytes; of the calls it was made of, {right:.3f} are right")


if __name__ == "__main__":
    main()
