# troupe_module(NAME folder DEPENDS target...)
#
# Makes the static library troupe_<folder> (alias troupe::<folder>) of every .cpp in the folder. The
# folder's headers are reached as "troupe/<folder>/x.hpp" through an include root of its own, which
# only its dependents get: an include that points upwards does not compile. Installed, all rooms
# share one include root.
function(troupe_module)
  cmake_parse_arguments(ARG "" "NAME" "DEPENDS;SYSTEM;EXCLUDE" ${ARGN})
  set(target troupe_${ARG_NAME})
  set(root ${CMAKE_BINARY_DIR}/include/${ARG_NAME})
  file(MAKE_DIRECTORY ${root}/troupe)
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/troupe/${ARG_NAME} SYMBOLIC)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(pattern IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${pattern}")
  endforeach()
  add_library(${target} STATIC ${sources})
  add_library(troupe::${ARG_NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${ARG_NAME})
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${root}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS})
  if(TROUPE_INSTALL)
    # Lists of registries, too: headers include them.
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS
         ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp ${CMAKE_CURRENT_SOURCE_DIR}/*.def)
    foreach(pattern IN LISTS ARG_EXCLUDE)
      list(FILTER headers EXCLUDE REGEX "${pattern}")
    endforeach()
    troupe_install_headers(DESTINATION ${ARG_NAME} FILES ${headers})
    install(TARGETS ${target} EXPORT troupe
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${TROUPE_DEVELOPMENT})
  endif()
endfunction()

# troupe_schemas(NAME folder FOLDER inside)
#
# Makes sources of the Cap'n Proto schemas in <folder>/<inside>, in the build folder, and adds them
# to the library; they are included as "troupe/<folder>/<inside>/x.capnp.h".
function(troupe_schemas)
  cmake_parse_arguments(ARG "" "NAME;FOLDER" "" ${ARGN})
  set(target troupe_${ARG_NAME})
  set(generated ${CMAKE_BINARY_DIR}/include/${ARG_NAME}_generated)
  set(CAPNPC_OUTPUT_DIR ${generated}/troupe/${ARG_NAME}/${ARG_FOLDER})
  set(CAPNPC_SRC_PREFIX ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FOLDER})
  file(MAKE_DIRECTORY ${CAPNPC_OUTPUT_DIR})
  file(GLOB schemas CONFIGURE_DEPENDS ${ARG_FOLDER}/*.capnp)
  capnp_generate_cpp(sources headers ${schemas})
  target_sources(${target} PRIVATE ${sources} ${headers})
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${generated}>)
  set_source_files_properties(${sources} PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS -w)
  if(TROUPE_INSTALL)
    troupe_install_headers(DESTINATION ${ARG_NAME} BASE ${generated}/troupe/${ARG_NAME}
      FILES ${headers})
  endif()
endfunction()

# troupe_test(NAME name LABELS label... DEPENDS target... [TIMEOUT seconds])
#
# One Boost.Test program, test_<name>, of every .cpp in the current folder.
function(troupe_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "DEPENDS;LABELS" ${ARGN})
  set(target test_${ARG_NAME})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${target} ${sources} ${CMAKE_SOURCE_DIR}/tests/fixture/main.cpp)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE
    BOOST_TEST_DYN_LINK TROUPE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${ARG_DEPENDS} Boost::unit_test_framework)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_test(NAME ${ARG_NAME} COMMAND ${target})
  set_tests_properties(${ARG_NAME} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "${TROUPE_TEST_ENVIRONMENT}")
  # Whole runs keep several cores busy: CTest should not start much beside them.
  if(ARG_LABELS MATCHES "train|cluster|heavy")
    set_tests_properties(${ARG_NAME} PROPERTIES PROCESSORS 2)
  endif()
endfunction()
