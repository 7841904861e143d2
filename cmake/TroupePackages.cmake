# `cpack --config BUILD/CPackConfig.cmake`: Debian packages of what is built, `troupe` for whoever
# trains and `libtroupe-dev` for whoever builds programs. The libraries are static, so neither needs
# the other.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME troupe)
set(CPACK_PACKAGE_VENDOR Troupe)
set(CPACK_PACKAGE_CONTACT "Troupe's maintainers <troupe@localhost>")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "trains neural networks with a troupe of actors")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL ${TROUPE_RUNTIME} ${TROUPE_DEVELOPMENT})
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian.cmake)
set(CPACK_TROUPE_SOURCE_DIR ${PROJECT_SOURCE_DIR})

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

string(TOUPPER ${TROUPE_RUNTIME} runtime)
set(CPACK_DEBIAN_${runtime}_PACKAGE_NAME troupe)
set(CPACK_DEBIAN_${runtime}_PACKAGE_SECTION science)
set(CPACK_DEBIAN_${runtime}_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_${runtime}_PACKAGE_SUGGESTS "openssh-client, slurm-client")
set(CPACK_DEBIAN_${runtime}_DESCRIPTION
"Trains neural networks on the processors of one machine or of several, with
parameter servers, workers and data shards that talk in messages. Distributed
optimizers (DOWNPOUR, ADAG, DynSGD, elastic averaging, DiLoCo and more) are
chosen in a job file; slow workers hold up nobody, lost ones lose no row.
.
This package has the command, its manual page and the documentation. It needs
a processor with AVX2.")

# What programs that link Troupe include and link; TroupeDependencies.cmake looks for the same.
string(TOUPPER ${TROUPE_DEVELOPMENT} development)
set(CPACK_DEBIAN_${development}_PACKAGE_NAME libtroupe-dev)
set(CPACK_DEBIAN_${development}_PACKAGE_SECTION libdevel)
set(needed
  "libcaf-dev (>= 0.17.6)" "libcapnp-dev" "capnproto" "libssl-dev (>= 3.0)"
  "libeigen3-dev (>= 3.4)" "libdnnl-dev (>= 2.6)" "libyaml-cpp-dev" "nlohmann-json3-dev"
  "libisal-dev" "libxxhash-dev" "libmsgsl-dev" "libfmt-dev")
list(JOIN needed ", " CPACK_DEBIAN_${development}_PACKAGE_DEPENDS)
set(CPACK_DEBIAN_${development}_DESCRIPTION
"Headers, static libraries and a CMake package, find_package(troupe), for
programs that train networks inside themselves or add protocols, layers and
readers of their own.")
include(CPack)
