/** Small statistics that networks are compared with. */
@org.jspecify.annotations.NullMarked
package dev.fathom.experiments.statistics;
