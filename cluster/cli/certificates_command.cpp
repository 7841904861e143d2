#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "command.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/transport/credentials.hpp"

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

struct new_file {
  std::string path, text;
  mode_t mode;
};

constexpr mode_t for_all = 0644, for_owner = 0600;

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in) throw job_error(path, std::string("cannot read: ") + std::strerror(errno));
  return text;
}

/// Names become names of files.
void check_name(const std::string& host) {
  const bool fits = std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':';
  });
  if (host.empty() || !fits || host.front() == '.' || host.front() == '-') {
    throw job_error("--host", fmt::format("'{}' is no name or address of a machine", host));
  }
}

/// The authority in this folder, or a new one, whose files are added.
certificate_authority authority_in(const std::string& folder, int days,
                                   std::vector<new_file>& files) {
  const std::string certificate = folder + "/ca.pem", key = folder + "/ca-key.pem";
  const bool has_certificate = fs::exists(certificate), has_key = fs::exists(key);
  if (has_certificate != has_key) {
    throw job_error(has_certificate ? certificate : key,
                    fmt::format("is there, but not {}: nothing can be signed",
                                has_certificate ? "ca-key.pem" : "ca.pem"));
  }
  if (has_certificate) {
    try {
      return certificate_authority::from_pem(contents(certificate), contents(key));
    } catch (const error& e) {
      throw e.place().empty() ? job_error(certificate, e.message()) : e;
    }
  }
  certificate_authority made("troupe cluster", days);
  files.push_back({certificate, made.certificate(), for_all});
  files.push_back({key, made.key(), for_owner});
  return made;
}

void write(const new_file& file) {
  const int out = ::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.mode);
  if (out < 0) throw run_error(file.path, std::string("cannot write: ") + std::strerror(errno));
  const auto written = ::write(out, file.text.data(), file.text.size());
  int problem = written == static_cast<ssize_t>(file.text.size()) ? 0
                : written < 0                                     ? errno
                                                                  : ENOSPC;
  if (::close(out) != 0 && problem == 0) problem = errno;
  if (problem == 0) return;
  ::unlink(file.path.c_str());
  throw run_error(file.path, std::string("cannot write: ") + std::strerror(problem));
}

/// All or none.
void write(const std::vector<new_file>& files) {
  for (auto file = files.begin(); file != files.end(); ++file) {
    try {
      write(*file);
    } catch (...) {
      std::for_each(files.begin(), file, [](const new_file& f) { ::unlink(f.path.c_str()); });
      throw;
    }
  }
}

}  // namespace

int certificates_command(const certificates_arguments& arguments) {
  const std::string& folder = arguments.folder;
  for (const std::string& host : arguments.hosts) check_name(host);
  if (arguments.days < 1 || arguments.days > 36500) {
    throw job_error("--days", fmt::format("{} is not between 1 and 36500", arguments.days));
  }
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) throw run_error(folder, "cannot make the folder: " + problem.message());
  std::vector<new_file> files;
  certificate_authority authority = authority_in(folder, arguments.days, files);
  for (const std::string& host : arguments.hosts) {
    const credentials made = authority.issue(host, {host}, arguments.days);
    files.push_back({folder + "/" + host + ".pem", made.certificate, for_all});
    files.push_back({folder + "/" + host + "-key.pem", made.key, for_owner});
  }
  for (auto file = files.begin(); file != files.end(); ++file) {
    const bool twice =
        std::any_of(files.begin(), file, [&](const new_file& f) { return f.path == file->path; });
    // Of a host named ca, too: the authority's own files.
    if (twice) throw job_error(file->path, "would be written twice; choose other names");
    if (fs::exists(file->path)) throw job_error(file->path, "is there already");
  }
  write(files);
  for (const new_file& file : files) fmt::print("{}\n", file.path);
  return exit_ok;
}

}  // namespace troupe::cli
