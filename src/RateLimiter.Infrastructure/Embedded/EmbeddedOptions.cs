namespace RateLimiter.Infrastructure.Embedded;

/// <summary>The store that runs inside this process when no Redis is configured.</summary>
public sealed class EmbeddedOptions
{
    public const string Section = "Embedded";

    /// <summary>Where its files are; made when missing. Only one process can use a folder at a time.</summary>
    public string DataDirectory { get; set; } = "./data";
}
