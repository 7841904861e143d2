# What the libraries link, once: the project and its installed package (troupeConfig.cmake) look for
# the same. FindCAF, FindIsal, FindOneDNN and FindXxHash lie beside this file, in both.
set(TROUPE_DEPENDENCIES
  "Threads"
  "Microsoft.GSL"
  "Eigen3 3.4 NO_MODULE"
  "OneDNN 2.6"
  "OpenMP COMPONENTS CXX"
  "Isal"
  "yaml-cpp"
  "CapnProto"
  "CAF 0.17.6"
  "OpenSSL 3.0"
  "fmt"
  "nlohmann_json"
  "XxHash")
