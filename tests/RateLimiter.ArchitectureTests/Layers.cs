using System.Reflection;
using System.Runtime.CompilerServices;
using NetArchTest.Rules;
using RateLimiter.Api.Checks;
using RateLimiter.Application;
using RateLimiter.Dashboard;
using RateLimiter.Domain;
using RateLimiter.Infrastructure;

namespace RateLimiter.ArchitectureTests;

/// <summary>The layers, from the inside out.</summary>
internal static class Layers
{
    public static readonly Assembly Domain = typeof(Names).Assembly;
    public static readonly Assembly Application = typeof(ApplicationServices).Assembly;
    public static readonly Assembly Infrastructure = typeof(InfrastructureServices).Assembly;
    public static readonly Assembly Dashboard = typeof(DashboardServices).Assembly;
    public static readonly Assembly Api = typeof(CheckController).Assembly;

    public static readonly Assembly[] All = [Domain, Application, Infrastructure, Dashboard, Api];

    /// <summary>The types of an assembly that somebody wrote.</summary>
    public static IEnumerable<Type> WrittenTypes(this Assembly assembly) =>
        assembly
            .GetTypes()
            .Where(type =>
                type.Namespace?.StartsWith("RateLimiter", StringComparison.Ordinal) == true
                && !type.Name.Contains('<')
                && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
            );

    /// <summary>Fails for each selected type that has such a dependency, and when no type is selected.</summary>
    public static void MustNotDependOn(this PredicateList types, params string[] dependencies)
    {
        Assert.That(types.GetTypes(), Is.Not.Empty, "The rule is about no type.");
        var result = types.ShouldNot().HaveDependencyOnAny(dependencies).GetResult();
        Assert.That(result.FailingTypeNames ?? [], Is.Empty);
    }

    public static PredicateList TypesOf(Assembly assembly) =>
        Types.InAssembly(assembly).That().ResideInNamespaceStartingWith("RateLimiter");
}
