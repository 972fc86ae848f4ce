using AutoMapper;
using AutoMapper.Internal;

namespace RateLimiter.UnitTests.Api;

/// <summary>
/// GHSA-rvv3-g6hj-g44x: AutoMapper 14 overflows the stack on deeply nested objects. The build suppresses that
/// advisory, because no object that is mapped here can be nested recursively.
/// </summary>
public sealed class MapsTests
{
    private static readonly IReadOnlyCollection<TypeMap> Maps = Mapping
        .Configuration.Internal()
        .GetAllTypeMaps();

    [Test]
    public void Maps_AreValid() => Mapping.Configuration.AssertConfigurationIsValid();

    [Test]
    public void Maps_Followed_NeverReachThemselves() =>
        Assert.That(Maps.Where(map => Reaches(map, map, [])), Is.Empty);

    [Test]
    public void Reaches_MapsOfATree_IsTrue()
    {
        var maps = new MapperConfiguration(options =>
        {
            options.CreateMap<Tree, Tree>();
        }).Internal().GetAllTypeMaps();

        Assert.That(maps.Where(map => Reaches(map, map, [], maps)), Is.EqualTo(maps));
    }

    private static bool Reaches(
        TypeMap from,
        TypeMap to,
        HashSet<TypeMap> seen,
        IReadOnlyCollection<TypeMap>? all = null
    ) =>
        (all ?? Maps)
            .Where(next => Members(from).Any(member => IsOf(member, next)))
            .Where(seen.Add)
            .Any(next => next == to || Reaches(next, to, seen, all));

    private static IEnumerable<Type> Members(TypeMap map) =>
        map.MemberMaps.Select(member => member.DestinationType);

    // A member may be a collection of them.
    private static bool IsOf(Type member, TypeMap map) =>
        member == map.DestinationType
        || member.IsArray && IsOf(member.GetElementType()!, map)
        || member.GenericTypeArguments.Any(argument => IsOf(argument, map));

    private sealed record Tree(IReadOnlyList<Tree> Branches);
}
