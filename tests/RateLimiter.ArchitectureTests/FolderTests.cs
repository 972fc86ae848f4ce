using System.Reflection;

namespace RateLimiter.ArchitectureTests;

public sealed class FolderTests
{
    [Test]
    public void Folders_OfAProject_UseEachOtherInOneDirection(
        [ValueSource(typeof(Layers), nameof(Layers.All))] Assembly project,
        [Values(1, 2)] int level
    ) => Assert.That(FolderGraph.Of(project.Location, level).Circles(), Is.Empty);
}
