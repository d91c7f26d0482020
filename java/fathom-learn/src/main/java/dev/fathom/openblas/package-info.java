/** OpenBLAS, through JavaCPP's presets: a backend of Fathom's products, and its LAPACK for the analyses of features. */
@org.jspecify.annotations.NullMarked
package dev.fathom.openblas;
