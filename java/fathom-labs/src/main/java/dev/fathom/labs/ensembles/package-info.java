/** The lab on ensembles of any models. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.ensembles;
