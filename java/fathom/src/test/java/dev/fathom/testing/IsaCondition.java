package dev.fathom.testing;

import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Skips the suite where the build asks for an instruction set (one run of the suite each) that this processor lacks.
 * Found by JUnit through {@code META-INF/services}, so that no test names it.
 */
public final class IsaCondition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        String isa = System.getProperty("fathom.isa", "");
        boolean offered = Stream.of(Isa.values()).noneMatch(i -> i.toString().equals(isa))
                || NativeRuntime.available().stream().anyMatch(i -> i.toString().equals(isa));
        return offered
                ? ConditionEvaluationResult.enabled("offered")
                : ConditionEvaluationResult.disabled("this processor lacks " + isa);
    }
}
