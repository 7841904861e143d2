@0xb8f1c1f6f2a4d004;
# What the director of a cluster and the agents of its nodes say to each other.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

# node -> director: here I am.
struct Join {
  const protocol :UInt32 = 3;   # of these conversations: other ones are turned away
  spoken @0 :UInt32;
  cluster @1 :Text;             # its name
  node @2 :Text;
  host @3 :Text;                # where others reach it; empty: as the director sees fit
  port @4 :UInt16;
  cores @5 :UInt32;
  memory @6 :UInt64;            # bytes
  process @7 :UInt32;           # its number there
  program @8 :Text;             # version of Troupe
  session @9 :UInt64;           # of the last time it was here; 0: never
  workers @10 :UInt32;          # that it offers to play; the job's nodes play what the job says
  parameterServers @11 :UInt32;
}

# director -> node.
struct Welcome {
  reason @0 :Text;              # why not; empty: welcome
  again @1 :Bool;               # why not is a matter of time
  session @2 :UInt64;           # until the node is lost
  grace @3 :Float64;            # seconds it waits for a director that it has lost
}

# director -> node: play these parts. Handles come beside it.
struct Invite {
  struct Section {
    name @0 :Text;
    bytes @1 :Data;
  }
  struct Shard {
    number @0 :UInt32;
    first @1 :UInt64;           # rows [first, last) of the training part
    last @2 :UInt64;
    checksum @3 :UInt64;        # of their features and labels
  }
  struct Worker {
    number @0 :UInt32;
    incarnation @1 :UInt32;
  }
  struct Peer {
    node @0 :Text;
    host @1 :Text;
    port @2 :UInt16;
  }
  run @0 :UInt64;
  job @1 :Text;                 # YAML, every default written out
  transforms @2 :List(Section); # fitted
  labelWidth @3 :UInt32;
  rows @4 :UInt64;              # of an epoch
  hasValidation @5 :Bool;
  hasTest @6 :Bool;
  servers @7 :List(UInt32);
  shards @8 :List(Shard);
  workers @9 :List(Worker);
  peers @10 :List(Peer);        # to connect to first
}

# node -> director: the parts are played; by whom, comes beside it.
struct Playing {
  received @0 :List(UInt32);    # shards whose rows had to be sent, for want of the files
  note @1 :Text;                # why
}

# director -> node, node -> director: still there?
struct Pulse {
  session @0 :UInt64;
  number @1 :UInt64;
  memory @2 :UInt64;            # bytes the node's process holds
  seconds @3 :Float64;          # of processor time it has used
}

# node -> director, by its own wish; director -> node.
struct Leave {
  session @0 :UInt64;
  reason @1 :Text;
  returns @2 :Bool;             # it was given up, and may join again
}
