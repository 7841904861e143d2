# CPack runs this over the files of both packages before it makes them: what Debian wants otherwise
# than `cmake --install` leaves it. Texts are compressed, without a time in them, so that the same
# files make the same package.

function(compress file)
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(READ ${CPACK_TROUPE_SOURCE_DIR}/LICENSE license)
if(NOT license MATCHES "Apache License")
  message(FATAL_ERROR "cmake/debian.cmake says another licence than LICENSE")
endif()
set(copyright
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: troupe

Files: *
Copyright: Troupe's authors
License: Apache-2.0
 On Debian systems the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
")

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)
  if(NOT IS_DIRECTORY ${root})
    message(FATAL_ERROR "${package}: no files in ${root}")
  endif()
  set(doc ${root}/share/doc/${package})
  file(REMOVE ${doc}/LICENSE ${doc}/CHANGELOG.md)
  file(WRITE ${doc}/copyright "${copyright}")
  configure_file(${CPACK_TROUPE_SOURCE_DIR}/CHANGELOG.md ${doc}/changelog COPYONLY)
  compress(${doc}/changelog)
  file(GLOB pages ${root}/share/man/man1/*.1)
  foreach(page IN LISTS pages)
    compress(${page})
  endforeach()
endforeach()
