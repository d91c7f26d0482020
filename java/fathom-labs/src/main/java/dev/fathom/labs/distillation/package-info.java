/** The lab on distillation: what a small network learns from the answers of a large one. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.distillation;
