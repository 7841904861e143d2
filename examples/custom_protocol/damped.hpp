#pragma once

#include "troupe/optimizers/protocol.hpp"

/// `damped`, a protocol that is no part of Troupe: both halves are in damped.cpp.
troupe::protocol_entry damped_protocol();
