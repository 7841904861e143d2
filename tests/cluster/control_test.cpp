#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cluster/control_fixture.hpp"
#include "troupe/base/random.hpp"
#include "troupe/cluster/control/control_client.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(control)

BOOST_AUTO_TEST_CASE(requests_are_answered_and_nonsense_is_told_so) {
  const workspace here;
  pretended_run run(here.path());
  raw_client client(here.path());
  BOOST_CHECK_EQUAL(client.ask(status_request)["asked"], 1);
  const std::vector<std::pair<std::string, std::string>> all = {
      {"{\"request\": \"status\"", "one JSON object"},
      {"[1]", "one JSON object"},
      {"status", "one JSON object"},
      {std::string("\0\xff\xfe{}", 5), "one JSON object"},
      {"{}", "names what it wants"},
      {"{\"request\": 3}", "names what it wants"},
      {"{\"request\": \"statsu\"}", "unknown request 'statsu'; did you mean 'status'?"},
      {"{\"request\": \"events\", \"after\": -1}", "'after'"},
      {"{\"request\": \"events\", \"follow\": 1}", "'follow'"},
      {std::string(60000, '['), "one JSON object"},
  };
  for (const auto& [line, expected] : all) {
    client.say(line + "\n");
    const std::string why = client.answer()["error"].get<std::string>();
    BOOST_CHECK_MESSAGE(why.find(expected) != std::string::npos, why);
  }
  client.say("\n \r\n");  // says nothing, is answered nothing
  BOOST_CHECK_EQUAL(run.stopped, 0);
  BOOST_CHECK_EQUAL(client.ask(stop_request)["stopping"], true);
  BOOST_CHECK_EQUAL(run.stopped, 1);
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_is_an_answer) {
  const workspace here;
  pretended_run run(here.path());
  run.trouble = "no answer in time";
  raw_client client(here.path());
  BOOST_CHECK_EQUAL(client.ask(status_request)["error"], "supervisor: no answer in time");
  BOOST_CHECK_EQUAL(client.ask(stop_request)["stopping"], true);
  const auto through = connect_to_folder(here.path());
  BOOST_CHECK_EXCEPTION(through->ask(status_request), error, [](const error& e) {
    return std::string(e.what()).find("no answer in time") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(who_asks_often_is_told_the_same_again) {
  const workspace here;
  pretended_run run(here.path());
  raw_client client(here.path());
  const auto start = steady::now();
  for (int i = 0; i < 1000; ++i) client.ask(status_request);
  const auto periods = (steady::now() - start) / milliseconds(50);
  BOOST_CHECK_LE(run.asked, periods + 1);
}

BOOST_AUTO_TEST_CASE(the_socket_is_its_owners_and_gone_with_the_run) {
  const workspace here;
  {
    pretended_run run(here.path());
    struct stat facts {};
    BOOST_REQUIRE(::stat((here / "control").c_str(), &facts) == 0);
    BOOST_CHECK(S_ISSOCK(facts.st_mode));
    BOOST_CHECK_EQUAL(facts.st_mode & 0777, 0600u);
  }
  BOOST_CHECK(!here.has("control"));
}

BOOST_AUTO_TEST_CASE(folders_may_have_long_names) {
  const workspace here;
  const std::string folder = here / (std::string(120, 'a') + "/" + std::string(200, 'b'));
  std::filesystem::create_directories(folder);
  {
    pretended_run run(folder);
    BOOST_CHECK(std::filesystem::is_socket(folder + "/control"));
    BOOST_CHECK_EQUAL(connect_to_folder(folder)->ask(status_request)["asked"], 1);
  }
  BOOST_CHECK(!std::filesystem::exists(folder + "/control"));
}

BOOST_AUTO_TEST_CASE(a_hundred_clients_at_once) {
  const workspace here;
  pretended_run run(here.path());
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<raw_client>(here.path()));
  for (int turn = 0; turn < 20; ++turn) {
    for (const auto& client : clients) client->request(turn % 2 ? status_request : stop_request);
    for (const auto& client : clients) BOOST_CHECK(!client->answer().contains("error"));
  }
  BOOST_CHECK_EQUAL(run.stopped, 1000);
}

BOOST_AUTO_TEST_CASE(silent_clients_keep_nobody_out) {
  const workspace here;
  control_limits limits;
  limits.clients = 8;
  pretended_run run(here.path(), limits);
  raw_client following(here.path());
  following.request(follow_request);
  std::vector<std::unique_ptr<raw_client>> silent;
  for (int i = 0; i < 30; ++i) {
    silent.push_back(std::make_unique<raw_client>(here.path()));
    raw_client busy(here.path());
    BOOST_CHECK_EQUAL(busy.ask(stop_request)["stopping"], true);
  }
  BOOST_CHECK(silent.front()->closed());
  BOOST_CHECK_EQUAL(silent.back()->ask(stop_request)["stopping"], true);
  append(here, event_line(1));
  BOOST_CHECK_EQUAL(following.answer()["time"], 1);
}

BOOST_AUTO_TEST_CASE(a_line_without_end_is_refused_once) {
  const workspace here;
  pretended_run run(here.path());
  raw_client endless(here.path()), other(here.path());
  for (int i = 0; i < 64; ++i) {
    endless.say(std::string(65536, 'x'));
    BOOST_CHECK(other.ask(status_request).contains("asked"));
  }
  BOOST_CHECK_EQUAL(endless.answer()["error"], "a request has at most 65536 bytes");
  endless.say("tail\n");
  BOOST_CHECK_EQUAL(endless.ask(stop_request)["stopping"], true);
  // The same where its end comes in time to be found.
  endless.say(std::string(66000, ' ') + stop_request.dump() + "\n");
  BOOST_CHECK_EQUAL(endless.answer()["error"], "a request has at most 65536 bytes");
  BOOST_CHECK_EQUAL(endless.ask(stop_request)["stopping"], true);
  BOOST_CHECK_EQUAL(run.stopped, 2);
}

BOOST_AUTO_TEST_CASE(garbage_does_no_harm) {
  const workspace here;
  pretended_run run(here.path());
  raw_client other(here.path());
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    raw_client client(here.path());
    std::string bytes(20000, '\0');
    const random_stream random(seed, 0);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(random.word(i));
    client.offer(bytes);
    BOOST_CHECK_EQUAL(other.ask(stop_request)["stopping"], true);
    if (seed % 2 == 0) continue;  // hangs up with answers unread
    client.say_no_more();
    while (const auto line = client.line()) BOOST_CHECK(json::parse(*line).contains("error"));
  }
}

BOOST_AUTO_TEST_CASE(who_takes_no_answers_is_read_no_more) {
  const workspace here;
  pretended_run run(here.path());
  raw_client slow(here.path()), other(here.path());
  const std::string line = stop_request.dump() + "\n";
  std::size_t sent = 0;
  // It talks until nothing more is taken of it for a while.
  for (auto last = steady::now(); steady::now() - last < milliseconds(200);) {
    const std::size_t count = slow.offer(line.substr(sent % line.size()));
    if (count > 0) last = steady::now();
    if (count == 0) ::poll(nullptr, 0, 5);
    sent += count;
    BOOST_REQUIRE_LT(sent, 10u << 20);
  }
  BOOST_CHECK_EQUAL(other.ask(status_request)["asked"], 1);
  const std::size_t requests = sent / line.size();
  BOOST_CHECK_LT(static_cast<std::size_t>(run.stopped), requests);
  for (std::size_t i = 0; i < requests; ++i) BOOST_REQUIRE(slow.answer().contains("stopping"));
  BOOST_CHECK_EQUAL(static_cast<std::size_t>(run.stopped), requests);
}

BOOST_AUTO_TEST_CASE(a_last_request_may_lack_its_end_and_its_listener) {
  const workspace here;
  pretended_run run(here.path());
  raw_client half(here.path());
  half.say(stop_request.dump());
  half.say_no_more();
  BOOST_CHECK_EQUAL(half.answer()["stopping"], true);
  BOOST_CHECK(half.closed());
  {
    raw_client hasty(here.path());
    hasty.request(stop_request);
  }
  BOOST_CHECK(comes_true([&] { return run.stopped == 2; }));
}

BOOST_AUTO_TEST_CASE(without_descriptors_clients_wait_until_there_are_some) {
  const workspace here;
  pretended_run run(here.path());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int lowest = ::dup(0);
  ::close(lowest);
  // One more descriptor, which the client takes.
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest) + 1;
  setrlimit(RLIMIT_NOFILE, &tight);
  owned_file socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = here / "control";
  std::copy(path.begin(), path.end(), address.sun_path);
  const bool connected =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  raw_client client(std::move(socket));
  client.request(stop_request);
  pollfd file{client.file(), POLLIN, 0};
  const int early = ::poll(&file, 1, 300);
  setrlimit(RLIMIT_NOFILE, &before);
  BOOST_REQUIRE(connected);
  BOOST_CHECK_EQUAL(early, 0);
  BOOST_CHECK_EQUAL(client.answer()["stopping"], true);
}

BOOST_AUTO_TEST_SUITE_END()
