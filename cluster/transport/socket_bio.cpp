#include "troupe/cluster/transport/socket_bio.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

namespace troupe {

namespace {

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool try_again() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int write_some(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto n = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && try_again()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int read_some(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto n = ::recv(socket_of(bio), bytes, static_cast<std::size_t>(size), 0);
  if (n < 0 && try_again()) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
      return 0;
  }
}

const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* m =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "socket");
    if (m != nullptr) {
      BIO_meth_set_write(m, write_some);
      BIO_meth_set_read(m, read_some);
      BIO_meth_set_ctrl(m, control);
    }
    return m;
  }();
  return made;
}

}  // namespace

openssl_ptr<BIO> make_socket_bio(int socket) {
  openssl_ptr<BIO> bio(method() ? BIO_new(method()) : nullptr);
  if (bio) {
    BIO_set_data(bio.get(), reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    BIO_set_init(bio.get(), 1);
  }
  return bio;
}

}  // namespace troupe
