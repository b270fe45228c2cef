"""Compares probabilistic_sampler with its formulas, computed here a second time in exact arithmetic.

    python3 sampling_oracle.py PATH_OF_sampler_decisions

100,000 random trace IDs, 20 percentages, 5 seeds, and all precisions for the modes that have no seed: the kept set must be the same ID for ID, and
for a part of the IDs the trace states too.
Sources of the formulas: processor/probabilisticsamplerprocessor and pkg/sampling of opentelemetry-collector-contrib v0.155.0.
"""
import math
import random
import struct
import subprocess
import sys
from fractions import Fraction

ID_COUNT = 100_000
STATE_COUNT = 2_000  # IDs whose trace states are compared as well
SEEDS = [0, 1, 22, 50479105, 4294967295]
PERCENTAGES = ["0", "0.001", "0.0062", "0.1", "1", "2.5", "5", "10", "15", "20", "25", "33.333", "50", "66.6667", "75", "90", "99", "99.99", "100", "150"]
PRECISIONS = range(1, 15)
NEVER = 1 << 56


def float32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def percentage_of(text):
    return min(float32(float(text)), 100.0)


def hash32(seed, trace_ids):
    start = 0x811C9DC5
    for byte in struct.pack("<I", seed):
        start = (start ^ byte) * 0x01000193 & 0xFFFFFFFF
    for trace_id in trace_ids:
        value = start
        for byte in trace_id:
            value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
        yield value


def kept_buckets(percentage):
    """Of 2^14; the product is rounded to 32 bits before it is cut."""
    exact = Fraction(percentage) * Fraction(float32(163.84))
    return int(float32(float(exact)))


def threshold_of(probability, precision):
    if probability == 1:
        return 0
    digits = min(14, precision + max(int(math.frexp(probability)[1] / -4), int(math.frexp(1 - probability)[1] / -4)))
    threshold = NEVER - math.floor(Fraction(probability) * NEVER + Fraction(1, 2))
    step = 16 ** (14 - digits)
    return (threshold + step // 2) // step * step if step > 1 else threshold


def threshold_text(threshold):
    return f"{threshold:014x}".rstrip("0") or "0"


def fnv64(texts):
    value = 0xCBF29CE484222325
    for text in texts:
        for byte in (text + "\n").encode():
            value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def by_hash(seed, trace_ids):
    """For every percentage: which are kept, and their trace states."""
    hashes = list(hash32(seed, trace_ids))
    for text in PERCENTAGES:
        limit = kept_buckets(percentage_of(text))
        threshold = (16384 - limit) << 42

        def state(value):
            bucket, unused = value & 0x3FFF, value >> 18
            randomness = (16383 - bucket) << 42 | (unused ^ unused << 10) << 14 | bucket
            return f"ot=rv:{randomness:014x};th:{threshold_text(threshold)}"

        yield text, [value & 0x3FFF < limit for value in hashes], [state(value) for value in hashes[:STATE_COUNT]]


def by_trace_id(trace_ids, precision):
    randomness = [int.from_bytes(trace_id[9:], "big") for trace_id in trace_ids]
    for text in PERCENTAGES:
        probability = percentage_of(text) / 100
        threshold = threshold_of(probability, precision) if probability else NEVER
        yield text, [value >= threshold for value in randomness], [f"ot=th:{threshold_text(threshold)}"] * STATE_COUNT


def decisions(program, mode, seed, precision, trace_ids):
    output = subprocess.run([program, mode, str(seed), str(precision), *PERCENTAGES], input=b"".join(trace_ids), stdout=subprocess.PIPE, check=True).stdout.decode()
    lines = output.split("\n")
    return list(zip(lines[0::2], lines[1::2]))


def compare(program, mode, seed, precision, trace_ids, expected):
    found = decisions(program, mode, seed, precision, trace_ids)
    found_of_part = decisions(program, mode, seed, precision, trace_ids[:STATE_COUNT])
    faults = 0
    for (text, kept, states), (got, _), (_, got_states) in zip(expected, found, found_of_part):
        wanted = "".join("1" if is_kept else "0" for is_kept in kept)
        wanted_states = fnv64(state for state, is_kept in zip(states, kept) if is_kept)
        if wanted != got or wanted_states != got_states:
            different = sum(a != b for a, b in zip(wanted, got))
            print(f"{mode}, seed {seed}, precision {precision}, {text} %: {different} decisions differ; trace states {'equal' if wanted_states == got_states else 'differ'}")
            faults += 1
    return faults


def main():
    program = sys.argv[1]
    generator = random.Random(155)
    trace_ids = [generator.getrandbits(128).to_bytes(16, "big") for _ in range(ID_COUNT)]
    faults = sum(compare(program, "hash_seed", seed, 4, trace_ids, by_hash(seed, trace_ids)) for seed in SEEDS)
    for mode in ("proportional", "equalizing"):
        faults += sum(compare(program, mode, 0, precision, trace_ids, by_trace_id(trace_ids, precision)) for precision in PRECISIONS)
    print(f"{ID_COUNT} trace IDs, {len(PERCENTAGES)} percentages, {len(SEEDS)} seeds, {len(PRECISIONS)} precisions: {faults} differences")
    sys.exit(1 if faults else 0)


main()
