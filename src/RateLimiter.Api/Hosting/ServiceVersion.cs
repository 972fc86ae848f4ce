using System.Reflection;

namespace RateLimiter.Api.Hosting;

/// <summary>Which version of the service this is, as the tags of its repository say.</summary>
internal static class ServiceVersion
{
    /// <summary>Such as 1.2.3, or 1.2.4-alpha.0.5 for the fifth commit after it.</summary>
    public static string Full { get; } =
        typeof(ServiceVersion)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    /// <summary>Such as 1.2: what callers can tell a difference by, and the same for all commits between releases.</summary>
    public static string MajorMinor { get; } = string.Join('.', Full.Split('.').Take(2));
}
