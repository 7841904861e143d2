#pragma once

/// The rate that matrix products are held against.
namespace troupe::bench {

/// Multiply-adds of float32 in registers on this thread, GFLOP/s over about `seconds`: with the
/// widest vectors the processor has that give the highest rate.
double fma_peak(double seconds);

}  // namespace troupe::bench
