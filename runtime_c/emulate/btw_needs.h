/* On the desk a model needs no instruction set: plain C stands in for its kernels. */
/* SPDX-License-Identifier: MIT-0 */
#ifndef BTW_NEEDS_H
#define BTW_NEEDS_H

#endif
