# Configures, builds and runs a project of examples/ against nothing but what the test `packages`
# put under PREFIX. CMakeLists.txt beside it says with what -D; WORK is a scratch folder.

cmake_minimum_required(VERSION 3.25)

# step(TITLE command...): runs it; ends the test with its output where it fails, else sets `output`.
macro(step title)
  message(STATUS "${title}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE output WORKING_DIRECTORY ${WORK})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${title} failed (${status}):\n${output}")
  endif()
endmacro()

# Nothing of an earlier run: it could stand for what is no longer installed.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
step("configuring the example" ${CMAKE_COMMAND} -S ${EXAMPLE} -B ${WORK}/build
     -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${PREFIX} -DCMAKE_BUILD_TYPE=${TYPE}
     -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
     "-DCMAKE_CXX_FLAGS=${CXX_FLAGS} -Wall -Wextra -Werror"
     -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
step("building it" ${CMAKE_COMMAND} --build ${WORK}/build --parallel 2)
if(NEEDS)
  step("looking for what it needed" ${CMAKE_CURRENT_LIST_DIR}/needs.sh ${NEEDS} ${WORK}/build)
endif()
separate_arguments(RUN)
list(TRANSFORM RUN REPLACE "^JOB$" ${JOB})
step("running it" ${WORK}/build/${RUN})
message(STATUS "it printed:\n${output}")
if(NOT output MATCHES "${PRINTS}")
  message(FATAL_ERROR "no line of it is like ${PRINTS}")
endif()
