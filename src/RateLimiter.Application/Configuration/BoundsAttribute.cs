namespace RateLimiter.Application.Configuration;

/// <summary>The least and the most that a number among options can be; both can be it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BoundsAttribute(long min, long max) : Attribute
{
    public long Min { get; } = min;

    public long Max { get; } = max;
}
