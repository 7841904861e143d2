#pragma once

#include <string>
#include <vector>

#include "troupe/config/job.hpp"

namespace troupe {

/// A program and its arguments.
using command_words = std::vector<std::string>;

/// By what name or address other nodes reach a node, as far as that is known before it runs: its
/// host without ssh's user; where all listen on loopback, that. "" where Slurm chooses the machine:
/// the node is started with `--advertise` and the machine's name then.
std::string host_of(const cluster_spec& cluster, const node_spec& node);

/// A command as a shell reads it, each word quoted that needs it.
std::string shell_command(const command_words& command);

/// Runs `command` on the host of a node through ssh: without asking anything, without a terminal
/// (which would echo the credentials that come through standard input).
command_words ssh_command(const cluster_spec& cluster, const node_spec& node,
                          const command_words& command);

/// Runs `command` as one task of Slurm; in a step of the surrounding job where there is one. A node
/// whose host is "any", or was left out, runs wherever Slurm has room.
command_words slurm_command(const cluster_spec& cluster, const node_spec& node,
                            const command_words& command, bool inside_job);

}  // namespace troupe
