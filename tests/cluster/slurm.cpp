#include "cluster/slurm.hpp"

#include <unistd.h>

#include <climits>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "cluster/launching.hpp"

namespace troupe::testing {

namespace {

std::string short_host_name() {
  char name[HOST_NAME_MAX + 1] = "";
  gethostname(name, sizeof name - 1);
  return std::string(name).substr(0, std::string(name).find('.'));
}

}  // namespace

slurm_cluster::slurm_cluster()
    : configuration_("SLURM_CONF", here_ / "slurm.conf"), daemons_(here_.path()) {}

void slurm_cluster::write_configuration() const {
  const std::string host = short_host_name(), folder = here_.path() + "/";
  std::ostringstream out;
  out << "ClusterName=test\nSlurmUser=root\nSlurmdUser=root\nMailProg=/bin/true\n"
      << "SlurmctldHost=" << host << "(127.0.0.1)\nSlurmctldPort=" << free_port() << "\n"
      << "AuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket=" << folder << "socket\n"
      << "StateSaveLocation=" << folder << "state\nSlurmdSpoolDir=" << folder << "spool-%n\n"
      << "SlurmctldPidFile=" << folder << "slurmctld.pid\n"
      << "SlurmdPidFile=" << folder
      << "slurmd-%n.pid\n"
      // Containers may make no cgroups; linuxproc loses children whose parents end first.
      << "ProctrackType=proctrack/pgid\nTaskPlugin=task/none\n"
      << "JobAcctGatherType=jobacct_gather/none\nSwitchType=switch/none\nMpiDefault=none\n"
      << "AccountingStorageType=accounting_storage/none\n"
      << "SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU_Memory\nDefMemPerCPU=50\n"
      << "SlurmdParameters=config_overrides\nKillWait=2\n";
  for (const char* const node : {"alpha", "beta"}) {
    out << "NodeName=" << node << " NodeHostname=" << host << " NodeAddr=127.0.0.1"
        << " Port=" << free_port() << " CPUs=8 RealMemory=1000 State=UNKNOWN\n";
  }
  out << "PartitionName=all Nodes=ALL Default=YES State=UP\n";
  here_.write("slurm.conf", out.str());
}

std::string slurm_cluster::try_start() {
  namespace fs = std::filesystem;
  // munge wants everybody to reach its socket.
  fs::permissions(here_.path(), fs::perms::owner_all | fs::perms::group_exec |
                                    fs::perms::others_exec | fs::perms::group_read |
                                    fs::perms::others_read);
  const std::string folder = here_.path() + "/";
  const std::string said = output_of("mungekey --create --keyfile=" + folder + "key");
  if (!said.empty()) return said;
  daemons_.start("munged",
                 {"munged", "--foreground", "--key-file=" + folder + "key",
                  "--socket=" + folder + "socket", "--pid-file=" + folder + "munged.pid",
                  "--log-file=" + folder + "munge.log", "--seed-file=" + folder + "seed"});
  const bool munge = comes_true([&] { return here_.has("socket") || daemons_.failed(); },
                                std::chrono::seconds(10));
  if (!munge || !daemons_.why().empty()) return "munged: " + daemons_.why();
  // Somebody else may take a port that was free a moment ago.
  write_configuration();
  daemons_.start("slurmctld", {"slurmctld", "-D", "-i"});
  for (const char* const node : {"alpha", "beta"}) {
    daemons_.start(std::string("slurmd-") + node, {"slurmd", "-D", "-N", node});
  }
  std::string nodes;
  up_ = comes_true([&] {
    nodes = output_of("sinfo --noheader --Node --format='%N %T'");
    return nodes == "alpha idle\nbeta idle\n" || daemons_.failed();
  });
  if (!daemons_.why().empty()) {
    up_ = false;
    return daemons_.why();
  }
  return up_ ? "" : "its nodes do not come up: " + nodes;
}

std::unique_ptr<slurm_cluster> slurm_cluster::start() {
  std::string problem;
  if (geteuid() != 0) {
    problem = "this is not root";
  } else if (!are_installed({"munged", "mungekey", "slurmctld", "slurmd", "srun", "setpriv"})) {
    problem = "it is not installed";
  } else {
    for (int attempt = 0; attempt < 3; ++attempt) {
      std::unique_ptr<slurm_cluster> cluster(new slurm_cluster);
      problem = cluster->try_start();
      if (problem.empty()) return cluster;
    }
  }
  std::cerr << "skipped: no Slurm, " << problem << "\n";
  return nullptr;
}

slurm_cluster::~slurm_cluster() {
  if (!up_) return;
  output_of("scancel --user=root");
  comes_true([this] { return jobs().empty(); }, std::chrono::seconds(10));
}

}  // namespace troupe::testing
