package dev.fathom.tree;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Leaves the name of a record component out of the names below it. A list then adds only its index ({@code 0.weight},
 * as PyTorch names a Sequential's layers), and a single net adds nothing.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Inline {}
