/**
 * A plan of a file as a bean of Spring Boot, with what serves it: the settings are those of
 * {@link dev.fathom.serve.spring.FathomProperties}.
 */
@NullMarked
package dev.fathom.serve.spring;

import org.jspecify.annotations.NullMarked;
