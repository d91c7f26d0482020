/** What the pages of labs and commands are made of: filters, maps, sheets, and the line that names the machine. */
@org.jspecify.annotations.NullMarked
package dev.fathom.experiments.pages;
