# The CTest `custom_protocol`: installs the build, then configures, builds and runs
# examples/custom_protocol/ against nothing but what was installed. CMakeLists.txt beside it says
# with what -D; WORK is a scratch folder.

cmake_minimum_required(VERSION 3.25)

# step(TITLE command...): runs it; ends the test with its output where it fails, else sets `output`.
macro(step title)
  message(STATUS "${title}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${title} failed (${status}):\n${output}")
  endif()
endmacro()

# Nothing of an earlier run: it could stand for what is no longer installed.
file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/prefix)
step("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

# What an installed header includes of Troupe is installed, too.
file(GLOB_RECURSE headers ${prefix}/include/*.hpp ${prefix}/include/*.h)
foreach(header IN LISTS headers)
  file(STRINGS ${header} includes REGEX "^#include \"")
  foreach(line IN LISTS includes)
    string(REGEX REPLACE "^#include \"([^\"]*)\".*$" "\\1" included "${line}")
    if(NOT EXISTS ${prefix}/include/${included})
      message(FATAL_ERROR "${header}: includes ${included}, which is not installed")
    endif()
  endforeach()
endforeach()

step("running the installed command" ${prefix}/bin/troupe --version)

step("configuring the example" ${CMAKE_COMMAND} -S ${EXAMPLE} -B ${WORK}/build
     -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${TYPE}
     -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
     "-DCMAKE_CXX_FLAGS=${CXX_FLAGS} -Wall -Wextra -Werror"
     -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
step("building it" ${CMAKE_COMMAND} --build ${WORK}/build --parallel 2)
step("running it" ${WORK}/build/custom_protocol ${JOB}
     data.train.rows=1000 training.epochs=1 optimizer.power=3
     "model.layers=[flatten, {dense: {units: 10, activation: softmax}}]")
message(STATUS "it printed:\n${output}")
if(NOT output MATCHES "\ndamped +[0-9]+ ")
  message(FATAL_ERROR "there is no line of its protocol, damped")
endif()
