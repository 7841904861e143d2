@0xb8f1c1f6f2a4d001;
# What workers and parameter servers say to each other. Numbers of a payload are little-endian
# float32 unless a codec is named; which one commits and answers use is the job's choice.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

# supervisor -> server: be the home of a slice, with these starting values.
struct Install {
  run @0 :UInt64;
  slice @1 :UInt32;
  first @2 :UInt64;       # index of the slice's first number in the flat vector
  version @3 :UInt64;
  statistics @4 :Bool;    # the extra slice of batch statistics
  payload @5 :Data;
  state @6 :Data;         # of the server's rule; empty: it has none, or begins
  steps @7 :UInt64;       # of that rule
  incarnations @8 :List(UInt32);  # of each worker: the first that is listened to; empty: all are
  rate @9 :Float64 = 1;   # factor of the job's learning rate
  term @10 :UInt64;
}

# supervisor -> server: lead these slices and no others, from the images you hold of those whose
# home you are not yet. Whatever is done to one of them its backups (indices into the servers beside
# the message) hold before anybody is told.
struct Lead {
  struct Slice {
    slice @0 :UInt32;
    term @1 :UInt64;      # counts the homes a slice has had: one of an earlier term is none
    backups @2 :List(UInt32);
  }
  run @0 :UInt64;
  slices @1 :List(Slice);
}

# supervisor -> server: how a slice stands, for a checkpoint. Synchronous: once this round is
# applied.
struct Capture {
  run @0 :UInt64;
  slice @1 :UInt32;
  clock @2 :UInt64;
}

# A worker's window that a slice took.
struct TakenWindow {
  sequence @0 :UInt64;
  rows @1 :UInt64;
  miniBatches @2 :UInt32;
}

# The whole of a slice at one moment; also home -> backup: hold this.
struct Image {
  struct Worker {
    worker @0 :UInt32;
    incarnation @1 :UInt32;
    sequence @2 :UInt64;         # of the last commit that was applied
    windows @3 :List(TakenWindow);  # the last ones applied, at most two
    own @4 :List(UInt64);        # versions it made since its base
    fenced @5 :List(TakenWindow);   # the windows of the incarnation before, which was fenced
    clock @6 :UInt64;            # bounded: windows it has committed
  }
  struct Round {
    clock @0 :UInt64;
    accepted @1 :List(UInt32);
  }
  slice @0 :UInt32;
  version @1 :UInt64;
  payload @2 :Data;
  state @3 :Data;         # of the server's rule
  steps @4 :UInt64;
  workers @5 :List(Worker);
  run @6 :UInt64;
  term @7 :UInt64;
  rate @8 :Float64 = 1;   # factor of the job's learning rate
  clock @9 :UInt64;       # of the last round
  closed @10 :List(Round);  # rounds to come that were decided; of the slice that decides, its last
}

# supervisor -> server: who takes part from now on (bounded and synchronous runs).
struct View {
  struct Member {
    worker @0 :UInt32;
    fromClock @1 :UInt64; # its first window is the one after this
  }
  run @0 :UInt64;
  number @1 :UInt64;      # 1, 2, 3 ...
  members @2 :List(Member);  # ascending workers
}

# server of slice 0 -> all servers: whose commits make up a round (backup workers).
struct Close {
  run @0 :UInt64;
  clock @1 :UInt64;
  accepted @2 :List(UInt32);
  view @3 :UInt64;        # under which it was decided
}

# supervisor -> server: this worker is lost; nothing of this incarnation or an earlier one is taken
# any more.
struct Fence {
  run @0 :UInt64;
  worker @1 :UInt32;
  incarnation @2 :UInt32;
}

# server -> supervisor: the last two windows of that incarnation that each slice here took.
struct Fenced {
  worker @0 :UInt32;
  incarnation @1 :UInt32;
  windows @2 :List(TakenWindow);
}

# server -> supervisor, when asked: what its slices have been through.
struct Load {
  struct Slice {
    slice @0 :UInt32;
    version @1 :UInt64;
    commits @2 :UInt64;       # applied here
    bytesReceived @3 :UInt64; # payloads of commits, as encoded
    bytesSent @4 :UInt64;     # payloads of centres, as encoded
  }
  slices @0 :List(Slice);     # ascending
  queue @1 :UInt32;           # messages that wait
}

# worker -> server: one slice of one window.
struct Commit {
  run @0 :UInt64;
  slice @1 :UInt32;
  worker @2 :UInt32;
  incarnation @3 :UInt32;
  sequence @4 :UInt64;    # 1, 2, 3 ... per (worker, incarnation), one per window
  baseVersion @5 :UInt64; # of the centre this window started from
  view @6 :UInt64;        # the latest this worker was given work under
  clock @7 :UInt64;       # windows of this worker, counted by the view; synchronous: the round
  epoch @8 :UInt32;
  first @9 :UInt64;       # the window's first position
  miniBatches @10 :UInt32;
  rows @11 :UInt64;       # 0: a member without rows takes part in the round
  keeps @12 :Bool;        # the worker keeps its replica: no centre is wanted
  codec @13 :Text;        # empty: none
  payload @14 :Data;
}

# server -> worker, at once; after `held`, another one later, together with the centre.
struct Verdict {
  enum Kind {
    applied @0;           # the centre comes with it
    repeat @1;            # this sequence was applied before; the latest centre comes with it
    held @2;              # kept; the answer comes when others have committed
    dropped @3;           # its round was closed without it; the latest centre comes with it
    fenced @4;            # a later incarnation of this worker is known
    refused @5;           # for the reason given; nothing was changed
  }
  slice @0 :UInt32;
  sequence @1 :UInt64;
  kind @2 :Kind;
  reason @3 :Text;
  staleness @4 :UInt64;   # tau of this commit
  notFinite @5 :Bool;     # refused because the payload holds a number that is not finite
  clock @6 :UInt64;       # of `dropped`: the last round applied
}

# server -> worker, evaluator: one slice of the centre. Shared by all who are given this version.
struct Center {
  slice @0 :UInt32;
  version @1 :UInt64;     # commits (synchronous: rounds) applied so far
  codec @2 :Text;         # empty: none
  payload @3 :Data;
}

# anyone -> server: the centre as it is now, never encoded.
struct Pull {
  const nobody :UInt32 = 0xffffffff;
  run @0 :UInt64;
  slice @1 :UInt32;
  worker @2 :UInt32 = .Pull.nobody;  # who starts from it
  version @3 :UInt64;     # of a synchronous run: this round's, once it is there; gone, or 0: the
                          # latest
}
