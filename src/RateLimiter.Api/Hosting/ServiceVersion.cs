using System.Reflection;

namespace RateLimiter.Api.Hosting;

/// <summary>The version of the service, from the tags of its repository.</summary>
internal static class ServiceVersion
{
    /// <summary>Such as 1.2.3, or 1.2.4-alpha.0.5 for the fifth commit after it.</summary>
    public static string Full { get; } =
        typeof(ServiceVersion)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    /// <summary>Such as 1.2: the part that is significant to callers, the same for all commits between releases.</summary>
    public static string MajorMinor { get; } = string.Join('.', Full.Split('.').Take(2));
}
