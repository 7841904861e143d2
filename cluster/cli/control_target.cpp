#include "control_target.hpp"

#include "connecting.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/control/remote_client.hpp"

namespace troupe::cli {

control_target reach(const control_arguments& arguments) {
  if (!arguments.connect.empty()) {
    if (!arguments.folder.empty()) throw job_error("--connect", "give either this or --run");
    const auto [host, port] = host_and_port("--connect", arguments.connect);
    return {arguments.connect,
            connect_over_network(host, port,
                                 tls_files(arguments.ca, arguments.certificate, arguments.key))};
  }
  const std::string folder =
      arguments.folder.empty() ? newest_living_run("runs") : arguments.folder;
  return {folder, connect_to_folder(folder)};
}

}  // namespace troupe::cli
