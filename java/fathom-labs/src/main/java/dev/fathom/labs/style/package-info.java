/** Pictures painted in the style of others, textures made from noise, and networks that paint in milliseconds. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.style;
