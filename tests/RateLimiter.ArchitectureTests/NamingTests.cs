using System.Reflection;
using RateLimiter.Domain.Checks;

namespace RateLimiter.ArchitectureTests;

public sealed class NamingTests
{
    private static readonly Type[] Written =
    [
        .. Layers.All.SelectMany(layer => layer.WrittenTypes()),
    ];

    [Test]
    public void WireTypes_AnyOfThem_AreInTheApiOnly()
    {
        // A CheckPlan asks the store, not the service.
        var wireTypes = Written
            .Where(type => EndsWithAny(type.Name, "Request", "Response"))
            .Except([typeof(CheckPlan)])
            .ToList();

        Assert.That(wireTypes, Is.Not.Empty);
        Assert.That(wireTypes.Select(type => type.Assembly), Is.All.EqualTo(Layers.Api));
    }

    [Test]
    public void Adapters_OfPorts_StartWithTheirStore()
    {
        var adapters = Layers
            .Infrastructure.WrittenTypes()
            .Where(type =>
                type.IsClass
                && type.GetInterfaces().Any(contract => contract.Assembly == Layers.Application)
            )
            .ToList();

        Assert.That(adapters, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(adapters.Select(type => type.Name), Is.All.Match("^(Redis|Postgres)[A-Z]"));
            Assert.That(adapters.Where(type => type.IsVisible || !type.IsSealed), Is.Empty);
        }
    }

    [Test]
    public void Ports_AnyOfThem_HaveAnAdapter()
    {
        var ports = Layers.Application.WrittenTypes().Where(type => type.IsInterface).ToList();
        var adapted = Layers
            .Infrastructure.WrittenTypes()
            .SelectMany(type => type.GetInterfaces())
            .ToHashSet();

        Assert.That(ports, Is.Not.Empty);
        Assert.That(ports.Where(port => !adapted.Contains(port)), Is.Empty);
    }

    [Test]
    public void Fields_PublicOnes_AreNeverMutable()
    {
        var mutable =
            from type in Written
            where !type.IsEnum
            from field in type.GetFields(
                BindingFlags.Public
                    | BindingFlags.Instance
                    | BindingFlags.Static
                    | BindingFlags.DeclaredOnly
            )
            where !field.IsInitOnly && !field.IsLiteral
            select $"{type.FullName}.{field.Name}";

        Assert.That(mutable, Is.Empty);
    }

    [TestCase("Helper")]
    [TestCase("Helpers")]
    [TestCase("Util")]
    [TestCase("Utils")]
    [TestCase("Utilities")]
    [TestCase("Interfaces")]
    [TestCase("Common")]
    [TestCase("Misc")]
    public void NamespacesAndTypes_AnyOfThem_SayWhatTheyAreFor(string name)
    {
        var vague = Written.Where(type =>
            type.Namespace!.Split('.').Contains(name)
            || type.Name.EndsWith(name, StringComparison.Ordinal)
        );

        Assert.That(vague, Is.Empty);
    }

    private static bool EndsWithAny(string name, params string[] ends) =>
        ends.Any(end => name.EndsWith(end, StringComparison.Ordinal));
}
