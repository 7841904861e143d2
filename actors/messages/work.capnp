@0xb8f1c1f6f2a4d003;
# What the supervisor and the workers say to each other.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

# supervisor -> worker, beside the handles: who holds what.
struct Route {
  run @0 :UInt64;
  slices @1 :List(UInt32);      # slice -> index of its server; last the statistics slice, if any
  shardFirst @2 :List(UInt64);  # shard -> its first row; shards hold consecutive rows
  rate @3 :Float64 = 1;         # factor of the job's learning rate
}

# worker -> supervisor: the centre is in place, work may come.
struct Ready {
  worker @0 :UInt32;
  incarnation @1 :UInt32;
}

# supervisor -> worker: train these positions of the epoch's permutation, [first, last).
struct Assign {
  lease @0 :UInt64;
  epoch @1 :UInt32;
  first @2 :UInt64;
  last @3 :UInt64;
  view @4 :UInt64;              # under which it is given
  clock @5 :UInt64;             # synchronous: the round; bounded: windows this worker counts from
  closes @6 :Bool;              # synchronous: the last part of its share; commit when it is trained
  windowRows @7 :UInt64;        # commit after so many rows; 0: when the protocol says so
}

# supervisor -> worker: give the rest of this lease back.
struct Revoke {
  lease @0 :UInt64;
}

# worker -> supervisor: the rest of this lease will not be trained: it was revoked, or its round is
# over.
struct Yielded {
  worker @0 :UInt32;
  lease @1 :UInt64;
  first @2 :UInt64;             # not started from here on
  incarnation @3 :UInt32;
}

struct Range {
  first @0 :UInt64;
  last @1 :UInt64;
}

# worker -> supervisor, when all slices of a window are answered.
struct Progress {
  worker @0 :UInt32;
  incarnation @1 :UInt32;
  sequence @2 :UInt64;
  epoch @3 :UInt32;
  ranges @4 :List(Range);       # positions trained in this window
  rows @5 :UInt64;
  miniBatches @6 :UInt32;
  committed @7 :Bool;           # false: published, or nothing was said to the servers
  lossSum @8 :Float64;          # over the rows
  correct @9 :UInt64;           # rows whose class was right
  seconds @10 :Float64;         # from the first mini-batch to the last answer
  staleness @11 :Float64;       # mean over the slices
  repeats @12 :UInt32;          # slices answered `repeat`
  bytesSent @13 :UInt64;        # payloads of commits, as encoded
  bytesReceived @14 :UInt64;    # payloads of answers
  clock @15 :UInt64;            # of its commit; dropped: of the last round that is over
  dropped @16 :Bool;            # the servers did not take it: these rows are to be trained again
  waited @17 :Float64;          # of `seconds`: for others, to be answered
}

# worker -> supervisor: this worker's numbers are no longer finite; it has stopped.
struct Diverged {
  worker @0 :UInt32;
  epoch @1 :UInt32;
  position @2 :UInt64;          # of the mini-batch's first row
  miniBatch @3 :UInt64;         # of this worker, counted from 1
  slice @4 :Int64;              # whose commit was refused; -1: the loss was not finite
  reason @5 :Text;
  incarnation @6 :UInt32;
}
