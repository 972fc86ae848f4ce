using NetArchTest.Rules;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Sessions;

namespace RateLimiter.ArchitectureTests;

/// <summary>The dashboard knows use cases, and none of what they use.</summary>
public sealed class DashboardTests
{
    private const string Dashboard = "RateLimiter.Api.Dashboard";

    /// <summary>Where sign-in is, which finds out whose a key is, and the keys of sessions are kept.</summary>
    private const string Sessions = $"{Dashboard}.Sessions";

    [Test]
    public void Dashboard_AnyType_KnowsNoPortsAndNoInfrastructure() =>
        Types
            .InAssembly(Layers.Api)
            .That()
            .ResideInNamespaceStartingWith(Dashboard)
            .MustNotDependOn([
                "RateLimiter.Infrastructure",
                typeof(ClientDirectory).FullName!,
                .. Ports().Where(port => port != typeof(ISessionKeys).FullName),
            ]);

    [Test]
    public void Dashboard_OutsideOfSessions_KnowsNeitherTheAuthenticatorNorTheKeysOfSessions() =>
        Types
            .InAssembly(Layers.Api)
            .That()
            .ResideInNamespaceStartingWith(Dashboard)
            .And()
            .DoNotResideInNamespace(Sessions)
            .MustNotDependOn(typeof(Authenticator).FullName!, typeof(ISessionKeys).FullName!);

    private static IEnumerable<string> Ports() =>
        Layers
            .Application.WrittenTypes()
            .Where(type => type.IsInterface)
            .Select(type => type.FullName!);
}
