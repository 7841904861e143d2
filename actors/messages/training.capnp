@0xb8f1c1f6f2a4d001;
# What workers and parameter servers say to each other. All numbers of a payload are little-endian
# float32 while the codec is `none`.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

enum Codec {
  none @0;
}

# supervisor -> server: be the home of a slice, with these starting values.
struct Install {
  run @0 :UInt64;
  slice @1 :UInt32;
  first @2 :UInt64;       # index of the slice's first number in the flat vector
  version @3 :UInt64;
  statistics @4 :Bool;    # the extra slice of batch statistics
  payload @5 :Data;
}

# worker -> server: one slice of one window.
struct Commit {
  run @0 :UInt64;
  slice @1 :UInt32;
  worker @2 :UInt32;
  incarnation @3 :UInt32;
  sequence @4 :UInt64;    # 1, 2, 3 ... per (worker, incarnation), one per window
  baseVersion @5 :UInt64; # of the centre this window started from
  miniBatches @6 :UInt32;
  rows @7 :UInt64;
  codec @8 :Codec;
  payload @9 :Data;
}

# server -> worker, at once.
struct Verdict {
  enum Kind {
    applied @0;           # the centre comes with it
    repeat @1;            # this sequence was applied before; the latest centre comes with it
    fenced @2;            # a later incarnation of this worker is known
    refused @3;           # for the reason given; nothing was changed
  }
  slice @0 :UInt32;
  sequence @1 :UInt64;
  kind @2 :Kind;
  reason @3 :Text;
  staleness @4 :UInt64;   # tau of this commit
  notFinite @5 :Bool;     # refused because the payload holds a number that is not finite
}

# server -> worker, evaluator: one slice of the centre. Shared by all who are given this version.
struct Center {
  slice @0 :UInt32;
  version @1 :UInt64;     # commits applied so far
  codec @2 :Codec;
  payload @3 :Data;
}

# anyone -> server: the centre as it is now.
struct Pull {
  run @0 :UInt64;
  slice @1 :UInt32;
}
