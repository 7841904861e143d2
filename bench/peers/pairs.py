"""Reads rows of bench/step --json, ours and a peer's in turns, and prints medians and ratios."""

import json
import statistics
import sys


def main():
    rows = [json.loads(line) for line in sys.stdin]
    ours, peers = rows[0::2], rows[1::2]
    if not ours or len(ours) != len(peers) or any("peer" not in row for row in peers):
        raise SystemExit("the rows do not come in pairs")
    rate = "samples_per_second"
    ratios = [a[rate] / b[rate] for a, b in zip(ours, peers)]
    row = {key: ours[0][key] for key in ("model", "batch", "threads")}
    row.update({rate: statistics.median(a[rate] for a in ours),
                "peer_samples_per_second": statistics.median(b[rate] for b in peers),
                "ratio": round(statistics.median(ratios), 3),
                "lowest_ratio": round(min(ratios), 3), "highest_ratio": round(max(ratios), 3),
                "pairs": len(ratios), "peer": peers[0]["peer"], "blas": peers[0]["blas"]})
    if "--json" in sys.argv[1:]:
        print(json.dumps(row))
        return
    print(f"{row['model']}, batch {row['batch']}, {row['threads']} thread(s); "
          f"{row['peer']}, BLAS {row['blas']}")
    for a, b, ratio in zip(ours, peers, ratios):
        print(f"  {a[rate]:12,.0f} {b[rate]:12,.0f} {ratio:8.2f}")
    print(f"  {row[rate]:12,.0f} {row['peer_samples_per_second']:12,.0f} {row['ratio']:8.2f}  "
          "medians (samples/s: ours, peer; ratio)")


if __name__ == "__main__":
    main()
