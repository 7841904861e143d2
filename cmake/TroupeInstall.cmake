# `cmake --install BUILD --prefix PREFIX`: libraries, headers, the command, and a CMake package for
# find_package(troupe). Rooms install themselves (troupe_module); this is what they have in common.
# Of the two components one is enough to train, the other to build programs.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(TROUPE_RUNTIME runtime)
set(TROUPE_DEVELOPMENT development)
set(TROUPE_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/troupe)

# troupe_install_headers(DESTINATION folder [BASE folder] FILES file...)
#
# Installs headers under include/troupe/<DESTINATION>, keeping the folders below BASE (default: the
# current one).
function(troupe_install_headers)
  cmake_parse_arguments(ARG "" "DESTINATION;BASE" "FILES" ${ARGN})
  if(NOT ARG_BASE)
    set(ARG_BASE ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  foreach(header IN LISTS ARG_FILES)
    cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${ARG_BASE} OUTPUT_VARIABLE relative)
    cmake_path(GET relative PARENT_PATH folder)
    install(FILES ${header}
            DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/troupe/${ARG_DESTINATION}/${folder}
            COMPONENT ${TROUPE_DEVELOPMENT})
  endforeach()
endfunction()

# Called once, after all rooms.
function(troupe_install_package)
  install(EXPORT troupe NAMESPACE troupe:: FILE troupeTargets.cmake
          DESTINATION ${TROUPE_PACKAGE_DIR} COMPONENT ${TROUPE_DEVELOPMENT})
  set(package ${PROJECT_BINARY_DIR}/package)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/troupeConfig.cmake.in
    ${package}/troupeConfig.cmake INSTALL_DESTINATION ${TROUPE_PACKAGE_DIR})
  # Before 1.0 a minor version may change what programs see.
  write_basic_package_version_file(${package}/troupeConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES
    ${package}/troupeConfig.cmake ${package}/troupeConfigVersion.cmake
    ${PROJECT_SOURCE_DIR}/cmake/TroupeDependencies.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindIsal.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindXxHash.cmake
    DESTINATION ${TROUPE_PACKAGE_DIR} COMPONENT ${TROUPE_DEVELOPMENT})
  install(FILES LICENSE README.md CHANGELOG.md
          DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT ${TROUPE_RUNTIME})
  install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT ${TROUPE_RUNTIME}
          FILES_MATCHING PATTERN "*.md")
  install(DIRECTORY config/jobs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT ${TROUPE_RUNTIME})
endfunction()
