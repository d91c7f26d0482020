/**
 * Parameters and buffers, the numbers that a net holds as components of its records. A
 * {@link dev.fathom.parameter.Parameter} is trained and has a gradient, a {@link dev.fathom.parameter.Buffer} is only
 * kept, and until a model lays them out in its {@code dev.fathom.store.Store}, both have only a shape and an
 * {@link dev.fathom.parameter.Initializer}. A {@link dev.fathom.nn.ParameterRange} is all that an optimizer needs to
 * change many at once.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.parameter;
