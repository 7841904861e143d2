# Sourced by the scripts beside it: where the project is, and how many compilers fit in memory.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n== %s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit "${status:-1}"; }

# One compiler a core, but no more than memory holds: a file with typed actors takes about 1.5 GB.
compilers() {
  local cores memory_kb fitting
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  fitting=$((${memory_kb:-1500000} / 1500000))
  [ "$fitting" -lt 1 ] && fitting=1
  [ "$fitting" -lt "$cores" ] && cores=$fitting
  echo "$cores"
}

# Both are what CMake and CTest read by themselves; what the caller has set stays.
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(compilers)}
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}

# Minutes and seconds since a time in seconds.
since() { printf '%d:%02d' $((($(date +%s) - $1) / 60)) $((($(date +%s) - $1) % 60)); }
