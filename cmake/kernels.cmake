# Writes the enum Kernel with a constant for each row of kernels.def: cmake -DTO=FILE -P cmake/kernels.cmake
set(root ${CMAKE_CURRENT_LIST_DIR}/..)
file(STRINGS ${root}/native/src/kernels.def rows REGEX "^KERNEL\\(")
list(TRANSFORM rows REPLACE "^KERNEL\\(([a-z0-9_]+),.*" "    \\1")
list(JOIN rows ",\n" names)
string(TOUPPER "${names}" KERNELS)
configure_file(${root}/java/fathom/src/main/kernels/Kernel.java.in ${TO} @ONLY)
