# Read by CMake right after llama-cpp-python's project() line (CMAKE_PROJECT_llama_cpp_INCLUDE).
# That package overwrites some options in CMake's cache: it builds llama.cpp's command-line library,
# two fifths of the compile steps and never loaded by Python, and on macOS it switches Metal on and
# AVX off whatever was asked for. Ordinary variables win over cache entries, so each option given on
# the command line becomes one here.
get_cmake_property(given CACHE_VARIABLES)
foreach(name IN LISTS given)
  if(name MATCHES "^(GGML|LLAMA)_")
    set(${name} "${${name}}")
  endif()
endforeach()
