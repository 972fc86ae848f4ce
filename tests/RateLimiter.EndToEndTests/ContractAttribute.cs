namespace RateLimiter.EndToEndTests;

/// <summary>Names the line of the wire contract that a test holds. It stands in the test's result.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContractAttribute(string line) : PropertyAttribute(line);
