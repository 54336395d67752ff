import { UsageError } from '../errors.ts'

/** `recipe.ts` holds something that is no option or cannot be one's value. Nothing was touched. */
export class RecipeOptionsError extends UsageError {}

/** The same for the options that a recipe ships itself: those are the recipe's doing. */
export class ShippedOptionsError extends RecipeOptionsError {
  override readonly blame = 'recipe'
}

/** By which class a file's mistakes are told. */
export type OptionsErrorClass = typeof RecipeOptionsError
