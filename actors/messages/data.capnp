@0xb8f1c1f6f2a4d002;
# What workers and data shards say to each other.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

enum ElementType {
  u8 @0;
  f32 @1;
}

# worker -> shard: your rows among these positions of the epoch's permutation.
struct Fetch {
  run @0 :UInt64;
  epoch @1 :UInt32;
  first @2 :UInt64;
  last @3 :UInt64;        # one past the end
  group @4 :UInt32;       # whose permutation
}

# node -> shard: these rows as they lie, for a shard that has no file to read them from.
struct Copy {
  run @0 :UInt64;
  first @1 :UInt64;       # row numbers
  last @2 :UInt64;        # one past the end
}

# shard -> worker: in the order of their positions, features in the type of the source.
struct Rows {
  epoch @0 :UInt32;
  first @1 :UInt64;
  last @2 :UInt64;
  rows @3 :UInt32;
  type @4 :ElementType;
  features @5 :Data;
  labels @6 :Data;        # float32, rows x label width
}
