/**
 * The tree of a net. {@link dev.fathom.tree.Structure} reads it from record components, names its members as PyTorch
 * would, and rebuilds it with some of them replaced. The package knows neither nets nor parameters: both are members of
 * the tree.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.tree;
