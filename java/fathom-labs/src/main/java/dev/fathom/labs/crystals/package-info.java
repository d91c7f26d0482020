/**
 * The lab on crystals: a property of generated crystals, learned by graph networks from few labels and many crystals
 * without one.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.crystals;
