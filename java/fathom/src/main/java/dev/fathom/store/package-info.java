/**
 * Where the numbers of a model live. A {@link dev.fathom.store.Store} holds one flat block of values, every parameter
 * and then every buffer, and a second block of gradients, of the layout of the parameters, so that an optimizer's step
 * is one kernel call. A {@link dev.fathom.store.Place} is a segment of it, which backward sees as a
 * {@link dev.fathom.autograd.Leaf}; a {@link dev.fathom.store.StoreCell} is what lies below a {@code Parameter} or
 * {@code Buffer}, whose place is known once a model holds it.
 *
 * <p>Replicas share the values of the parameters and have gradients and buffers of their own. A gradient may be of some
 * rows alone, and then it costs no more than these.
 *
 * <p>The module does not export this package: users see parameters, buffers and models.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.store;
