namespace RateLimiter.TestServices;

/// <summary>Names the line of the wire contract that a test verifies. It appears in the test's result.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContractAttribute(string line) : PropertyAttribute(line);
