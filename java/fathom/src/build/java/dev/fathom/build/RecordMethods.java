package dev.fathom.build;

import java.util.List;
import org.objectweb.asm.Label;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.RecordComponentNode;

/**
 * The {@code equals} and {@code hashCode} of a record, as {@link java.lang.runtime.ObjectMethods} makes them:
 * components are equal if {@code Objects.equals} or, for primitive types, {@code compare} of their box says so, and the
 * code is that of a polynomial in 31. {@code toString} stays, because it is seldom called.
 */
final class RecordMethods implements Opcodes {
    private static final String OBJECTS = "java/util/Objects";

    private RecordMethods() {}

    /** Replaces those that javac leaves to the JVM; returns whether there were any. */
    static boolean write(ClassNode c) {
        boolean found = false;
        for (MethodNode m : c.methods) {
            boolean equals = m.name.equals("equals");
            if ((equals || m.name.equals("hashCode")) && isLinked(m)) {
                m.instructions.clear();
                m.localVariables = null;
                if (equals) {
                    writeEquals(c, m);
                } else {
                    writeHashCode(c, m);
                }
                found = true;
            }
        }
        return found;
    }

    private static boolean isLinked(MethodNode m) {
        for (AbstractInsnNode i : m.instructions) {
            if (i instanceof InvokeDynamicInsnNode d && d.bsm.getOwner().equals("java/lang/runtime/ObjectMethods")) {
                return true;
            }
        }
        return false;
    }

    private static List<RecordComponentNode> components(ClassNode c) {
        return c.recordComponents == null ? List.of() : c.recordComponents;
    }

    private static void writeEquals(ClassNode c, MethodNode m) {
        Label differ = new Label();
        Label others = new Label();
        m.visitVarInsn(ALOAD, 0);
        m.visitVarInsn(ALOAD, 1);
        m.visitJumpInsn(IF_ACMPNE, others);
        m.visitInsn(ICONST_1);
        m.visitInsn(IRETURN);
        m.visitLabel(others);
        m.visitFrame(F_SAME, 0, null, 0, null);
        m.visitVarInsn(ALOAD, 1);
        m.visitTypeInsn(INSTANCEOF, c.name);
        m.visitJumpInsn(IFEQ, differ);
        m.visitVarInsn(ALOAD, 1);
        m.visitTypeInsn(CHECKCAST, c.name);
        m.visitVarInsn(ASTORE, 2);
        for (RecordComponentNode component : components(c)) {
            Type type = Type.getType(component.descriptor);
            m.visitVarInsn(ALOAD, 0);
            m.visitFieldInsn(GETFIELD, c.name, component.name, component.descriptor);
            m.visitVarInsn(ALOAD, 2);
            m.visitFieldInsn(GETFIELD, c.name, component.name, component.descriptor);
            if (LambdaClass.isPrimitive(type)) {
                String compare = Type.getMethodDescriptor(Type.INT_TYPE, type, type);
                m.visitMethodInsn(INVOKESTATIC, LambdaClass.box(type), "compare", compare, false);
                m.visitJumpInsn(IFNE, differ);
            } else {
                m.visitMethodInsn(INVOKESTATIC, OBJECTS, "equals", "(Ljava/lang/Object;Ljava/lang/Object;)Z", false);
                m.visitJumpInsn(IFEQ, differ);
            }
        }
        m.visitInsn(ICONST_1);
        m.visitInsn(IRETURN);
        m.visitLabel(differ);
        m.visitFrame(F_SAME, 0, null, 0, null);
        m.visitInsn(ICONST_0);
        LambdaClass.end(m, IRETURN);
    }

    private static void writeHashCode(ClassNode c, MethodNode m) {
        m.visitInsn(ICONST_0);
        for (RecordComponentNode component : components(c)) {
            Type type = Type.getType(component.descriptor);
            m.visitIntInsn(BIPUSH, 31);
            m.visitInsn(IMUL);
            m.visitVarInsn(ALOAD, 0);
            m.visitFieldInsn(GETFIELD, c.name, component.name, component.descriptor);
            if (LambdaClass.isPrimitive(type)) {
                String hash = Type.getMethodDescriptor(Type.INT_TYPE, type);
                m.visitMethodInsn(INVOKESTATIC, LambdaClass.box(type), "hashCode", hash, false);
            } else {
                m.visitMethodInsn(INVOKESTATIC, OBJECTS, "hashCode", "(Ljava/lang/Object;)I", false);
            }
            m.visitInsn(IADD);
        }
        LambdaClass.end(m, IRETURN);
    }
}
